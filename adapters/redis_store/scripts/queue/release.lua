-- Gives the thread back. One without work leaves the set: the next question puts it in again.
local due, leases, inbox, bell, turn, clock = unpack(KEYS)
local thread, fence, after_ms, bell_length = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
if not holds(leases, thread, fence) then
  return 0
end
go_on_when_full(due)
if ARGV[5] == '1' and redis.call('HGET', turn, 'fence') == fence then
  redis.call('HINCRBY', turn, 'attempts', -1)
end
redis.call('HDEL', leases, thread)
if redis.call('LLEN', inbox) == 0 then
  redis.call('ZREM', due, thread)
else
  redis.call('ZADD', due, whole(steady_ms(clock) + after_ms), thread)
  -- Rings for a later time too: the worker at the bell then works out anew how long to wait.
  ring(bell, bell_length)
end
return 1
