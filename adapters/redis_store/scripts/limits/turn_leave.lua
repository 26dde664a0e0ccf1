-- Counts a thread as live no more. The person's thread that has waited longest may be taken at once.
local live, waiting, due, leases, bell, clock = unpack(KEYS)
local thread, bell_length = ARGV[1], tonumber(ARGV[2])
if redis.call('ZREM', live, thread) == 0 then
  return 0
end
for _, other in ipairs(redis.call('ZRANGE', waiting, 0, 19)) do
  if not redis.call('ZSCORE', due, other) then
    redis.call('ZREM', waiting, other) -- its work is gone
  elseif redis.call('HEXISTS', leases, other) == 0 then
    redis.call('ZADD', due, whole(steady_ms(clock)), other)
    ring(bell, bell_length)
    return 1
  end
end
return 0
