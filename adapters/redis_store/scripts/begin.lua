-- Reads the head and counts an attempt. The record remembers which question and which fence it is of: only a
-- question begun under a lease can be settled under it.
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
if redis.call('HGET', turn, 'question') ~= id then
  redis.call('DEL', turn)
end
redis.call('HSET', turn, 'question', id, 'fence', fence)
redis.call('HINCRBY', turn, 'attempts', 1)
return {body, redis.call('HGETALL', turn)}
