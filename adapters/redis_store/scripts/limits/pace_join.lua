-- Counts replies as live in one scope, for a while from now. Answers how many are live there, and how many calls
-- in-between edits may make in the time ahead.
local calls, live, unshown, queue = unpack(KEYS)
local life_ms, most, window, ahead_ms = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local without_first = tonumber(ARGV[5])
local now = now_ms()
local forgotten = whole(now + life_ms)
for at = 6, #ARGV do
  redis.call('ZADD', live, forgotten, ARGV[at])
  if at - 5 <= without_first then
    redis.call('ZADD', unshown, forgotten, ARGV[at])
  else
    redis.call('ZREM', unshown, ARGV[at])
  end
end
for _, key in ipairs({live, unshown}) do
  redis.call('PEXPIRE', key, life_ms)
end
forget_replies(live, unshown, queue, now)
local all = redis.call('ZCARD', live)
return {all, room_ahead(calls, most, window, ahead_ms, now) - all - redis.call('ZCARD', unshown)}
