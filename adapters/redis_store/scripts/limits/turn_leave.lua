-- Counts a thread as live no more. The person's thread that has waited longest may be taken at once.
local live, waiting, due, leases, bell, clock = unpack(KEYS)
local thread, bell_length = ARGV[1], tonumber(ARGV[2])
if redis.call('ZREM', live, thread) == 0 then
  return 0
end
local now = steady_ms(clock)
for _, other in ipairs(redis.call('ZRANGE', waiting, 0, 19)) do
  local due_at = tonumber(redis.call('ZSCORE', due, other) or 0)
  if due_at == 0 then
    redis.call('ZREM', waiting, other) -- its work is gone
  elseif due_at > now and redis.call('HEXISTS', leases, other) == 0 then -- no other one that left has woken it
    redis.call('ZADD', due, whole(now), other)
    ring(bell, bell_length)
    return 1
  end
end
return 0
