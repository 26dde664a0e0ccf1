-- Counts a question for an hour and for the day, in all budgets or in none. One that was counted counts no more; in the
-- hour it was counted when it was stored, but for one that is asked anew with other words.
-- Answers {0, which, unit, percent, ...} with the levels that are reached by it, or {wait ms, which}.
local hour, counted, budgets, clock = KEYS[1], KEYS[2], {KEYS[3], KEYS[4], KEYS[5]}, KEYS[6]
local id, per_hour, kept = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local names = {'person', 'place', 'total'}
local now = steady_ms(clock)
for _, questions in ipairs({hour, counted}) do
  redis.call('ZREMRANGEBYSCORE', questions, '-inf', whole(now - 3600000))
end
if redis.call('ZSCORE', counted, id) then
  return {0}
end
local is_stored = redis.call('ZSCORE', hour, id)
if per_hour > 0 and not is_stored and redis.call('ZCARD', hour) >= per_hour then
  -- The place that comes free first: older ones may be over the limit since it was lowered.
  local oldest = redis.call('ZREVRANGE', hour, per_hour - 1, per_hour - 1, 'WITHSCORES')
  return {tonumber(oldest[2]) + 3600000 - now, 'hour'}
end
local today, until_midnight = day_of(now_ms())
for at = 1, 3 do
  local messages, tokens = tonumber(ARGV[2 + 2 * at]), tonumber(ARGV[3 + 2 * at])
  local used = used_today(budgets[at], today)
  if (messages > 0 and used.messages >= messages) or (tokens > 0 and used.tokens >= tokens) then
    return {until_midnight, names[at]}
  end
end
local answer = {0}
for at = 1, 3 do
  local used = count_today(budgets[at], today, 'messages', 1)
  add_level(answer, names[at], 'messages', used - 1, used, tonumber(ARGV[2 + 2 * at]))
end
for _, questions in ipairs({hour, counted}) do
  redis.call('ZADD', questions, 'NX', whole(now), id)
  redis.call('ZREMRANGEBYRANK', questions, 0, -kept - 1)
  redis.call('PEXPIRE', questions, 3600000)
end
return answer
