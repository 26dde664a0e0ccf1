-- Begins the end of one idle session. A busy thread is left alone and looked at again a little later. One whose
-- question no worker takes, as where its bot is no longer in the settings, is left alone for so many looks only.
local idle, session, due, leases, inbox, endings, ends, turn, clock = unpack(KEYS)
local thread, busy_ms, looks = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
go_on_when_full(idle)
local now = steady_ms(clock)
local deadline = redis.call('ZSCORE', idle, thread)
if not deadline or tonumber(deadline) > now then
  return 0
end
local is_ahead = tonumber(redis.call('ZSCORE', due, thread) or 0) > now
local is_leased = is_ahead and redis.call('HEXISTS', leases, thread) == 1
-- An answer that is there and cannot be shown, as while the bot's token is refused, needs no conversation any more.
local is_stuck = is_ahead and not is_leased and redis.call('HGET', turn, 'step') == 'answered'
local waits = redis.call('LLEN', inbox) > 0 and not is_stuck
if is_leased then
  redis.call('HDEL', session, 'unserved')
elseif waits and redis.call('EXISTS', session) == 1 then
  waits = redis.call('HINCRBY', session, 'unserved', 1) <= looks
end
if is_leased or waits then
  redis.call('ZADD', idle, whole(now + busy_ms), thread)
  return 0
end
return begin_ending(session, idle, endings, ends, clock, thread, 'idle') and 1 or 0
