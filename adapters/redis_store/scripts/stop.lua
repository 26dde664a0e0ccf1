-- Marks the turn of the head question as stopped. A question that nobody has begun yet gets its record here.
local inbox, turn, known, counters = unpack(KEYS, 1, 4)
local addressed, seen_ms = ARGV[1] == '1', ARGV[2]
for at = 5, #KEYS do
  if redis.call('EXISTS', KEYS[at]) == 1 then
    return 'duplicate'
  end
end
if not addressed and redis.call('EXISTS', known) == 0 then
  return 'not_addressed'
end
for at = 5, #KEYS do
  redis.call('SET', KEYS[at], '1', 'PX', seen_ms)
end
local id = redis.call('LINDEX', inbox, 0)
local became = 'nothing'
if id then
  if redis.call('HGET', turn, 'question') ~= id then
    redis.call('DEL', turn)
    redis.call('HSET', turn, 'question', id)
  end
  redis.call('HSET', turn, 'stopped', '1')
  became = 'stopped'
end
redis.call('HINCRBY', counters, 'question.' .. became, 1)
return became
