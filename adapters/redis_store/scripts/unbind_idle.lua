-- Begins the end of one idle session. A busy thread is left alone and looked at again a little later.
local idle, session, due, leases, inbox, endings, ends = unpack(KEYS)
local thread, busy_ms = ARGV[1], tonumber(ARGV[2])
local now = now_ms()
local deadline = redis.call('ZSCORE', idle, thread)
if not deadline or tonumber(deadline) > now then
  return 0
end
local leased_until = redis.call('HEXISTS', leases, thread) == 1 and redis.call('ZSCORE', due, thread)
if (leased_until and tonumber(leased_until) > now) or redis.call('LLEN', inbox) > 0 then
  redis.call('ZADD', idle, whole(now + busy_ms), thread)
  return 0
end
return begin_ending(session, idle, endings, ends, thread, 'idle') and 1 or 0
