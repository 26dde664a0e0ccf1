-- Begins the end of one idle session. A busy thread is left alone and looked at again a little later.
local idle, session, due, leases, inbox, endings, ends, turn = unpack(KEYS)
local thread, busy_ms = ARGV[1], tonumber(ARGV[2])
local now = now_ms()
local deadline = redis.call('ZSCORE', idle, thread)
if not deadline or tonumber(deadline) > now then
  return 0
end
local is_ahead = tonumber(redis.call('ZSCORE', due, thread) or 0) > now
local is_leased = is_ahead and redis.call('HEXISTS', leases, thread) == 1
-- An answer that is there and cannot be shown, as while the bot's token is refused, needs no conversation any more.
local is_stuck = is_ahead and not is_leased and redis.call('HGET', turn, 'step') == 'answered'
if is_leased or (redis.call('LLEN', inbox) > 0 and not is_stuck) then
  redis.call('ZADD', idle, whole(now + busy_ms), thread)
  return 0
end
return begin_ending(session, idle, endings, ends, thread, 'idle') and 1 or 0
