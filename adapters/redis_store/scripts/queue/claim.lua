-- Takes the thread that has been due longest. Where none is due, every ring of the bell is old.
local due, leases, fence, bell = unpack(KEYS)
local now = now_ms()
local first = redis.call('ZRANGEBYSCORE', due, '-inf', whole(now), 'LIMIT', 0, 1)
if #first == 0 then
  redis.call('DEL', bell)
  return false
end
local number = redis.call('INCR', fence)
redis.call('ZADD', due, whole(now + tonumber(ARGV[1])), first[1])
redis.call('HSET', leases, first[1], whole(number))
return {first[1], number}
