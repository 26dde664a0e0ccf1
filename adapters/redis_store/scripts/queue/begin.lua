-- Reads the head and counts an attempt. The record remembers which question and which fence it is of: only a
-- question begun under a lease can be settled under it. What was added to the question becomes one with it here.
local leases, inbox, bodies, turn = unpack(KEYS)
local thread, fence = ARGV[1], ARGV[2]
if not holds(leases, thread, fence) then
  return -1
end
local id = redis.call('LINDEX', inbox, 0)
local body = id and redis.call('HGET', bodies, id)
while id and not body do
  redis.call('LPOP', inbox)
  id = redis.call('LINDEX', inbox, 0)
  body = id and redis.call('HGET', bodies, id)
end
if not id then
  return 0
end
local parts = redis.call('HGET', bodies, 'parts:' .. id)
if parts then
  local question = cjson.decode(body)
  for _, part in ipairs(cjson.decode(parts)) do
    local more = redis.call('HGET', bodies, part)
    question.text = question.text .. '\n' .. cjson.decode(more).text
    redis.call('HDEL', bodies, part, 'owner:' .. part)
  end
  body = cjson.encode(question)
  redis.call('HSET', bodies, id, body)
end
redis.call('HDEL', bodies, 'parts:' .. id, 'size:' .. id)
if redis.call('HGET', turn, 'question') ~= id then
  redis.call('DEL', turn)
end
redis.call('HSET', turn, 'question', id, 'fence', fence)
redis.call('HINCRBY', turn, 'attempts', 1)
return {body, redis.call('HGETALL', turn)}
