-- Runs several steps as one command, in their order. ARGV names each step, says how many keys and arguments it has, and
-- gives its arguments; KEYS has the keys of all. An error of one step is its answer, and the others run all the same.
local answers, key, at = {}, 0, 1

local function next_of(list, from, count)
  local part = {}
  for n = 1, count do
    part[n] = list[from + n]
  end
  return part
end

while at <= #ARGV do
  local step, keys, args = steps[ARGV[at]], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local went_well, answer = pcall(step, next_of(KEYS, key, keys), next_of(ARGV, at + 2, args))
  if not went_well then
    answer = type(answer) == 'table' and answer or { err = tostring(answer) }
  elseif answer == nil then
    answer = false -- a hole would end the list
  end
  answers[#answers + 1] = answer
  key, at = key + keys, at + 3 + args
end
return answers
