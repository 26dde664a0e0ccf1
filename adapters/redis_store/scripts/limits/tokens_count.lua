-- Counts the tokens of an answer in the budgets of the day, once. Answers as question_take.lua.
local mark, budgets = KEYS[1], {KEYS[2], KEYS[3], KEYS[4]}
local tokens, mark_ms = tonumber(ARGV[1]), ARGV[2]
local names = {'person', 'place', 'total'}
local answer = {0}
if not redis.call('SET', mark, '1', 'NX', 'PX', mark_ms) then
  return answer
end
local today = day_of(now_ms())
for at = 1, 3 do
  local used = count_today(budgets[at], today, 'tokens', tokens)
  add_level(answer, names[at], 'tokens', used - tokens, used, tonumber(ARGV[2 + at]))
end
return answer
