-- Notes that a slow call has ended: it counts from now on.
local now = whole(now_ms())
for _, calls in ipairs(KEYS) do
  redis.call('ZADD', calls, 'GT', now, ARGV[1])
  redis.call('PEXPIRE', calls, math.max(120000, redis.call('PTTL', calls)))
end
return 1
