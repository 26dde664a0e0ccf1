-- Removes duplicates and appends. An answer of "not addressed" leaves no mark of the message, because the same
-- message may come once more as an addressed one.
local inbox, bodies, known, due, bell, counters = unpack(KEYS, 1, 6)
local told = KEYS[7]
local thread, id, body, addressed = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1'
local longest, seen_ms, known_ms, bell_length = tonumber(ARGV[5]), ARGV[6], ARGV[7], tonumber(ARGV[8])
local queued_from = tonumber(ARGV[9])

local seen_before = false
for at = 8, #KEYS do
  seen_before = seen_before or redis.call('EXISTS', KEYS[at]) == 1
end
if not seen_before and not addressed and redis.call('EXISTS', known) == 0 then
  return 'not_addressed'
end
for at = 8, #KEYS do
  redis.call('SET', KEYS[at], '1', 'PX', seen_ms)
end

local became = 'accepted'
if seen_before then
  became = 'duplicate'
elseif redis.call('LLEN', inbox) >= longest then
  became = 'full'
else
  -- Told once until the thread has been at rest: whoever pushes into an empty inbox forgets the last time.
  local waiting = redis.call('RPUSH', inbox, id)
  if waiting == 1 then
    redis.call('DEL', told)
  elseif waiting >= queued_from and redis.call('SET', told, '1', 'NX', 'PX', known_ms) then
    became = 'queued'
  end
  redis.call('HSET', bodies, id, body)
  if addressed then
    redis.call('SET', known, '1', 'PX', known_ms)
  else
    redis.call('PEXPIRE', known, known_ms)
  end
  -- A thread that is leased is in the set already: its worker sees the question when it settles.
  if redis.call('ZADD', due, 'NX', whole(now_ms()), thread) == 1 then
    ring(bell, bell_length)
  end
end
redis.call('HINCRBY', counters, 'question.' .. became, 1)
return became
