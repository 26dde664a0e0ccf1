-- Runs several steps as one command, in their order. ARGV names each step, says whether its answer is kept and how many
-- keys and arguments it has, and gives its arguments; KEYS has the keys of all. An error of one step is its answer, and
-- the others run all the same.
local KEPT_MS = 60000
local answers, key, at = {}, 0, 1

local function next_of(list, from, count)
  local part = {}
  for n = 1, count do
    part[n] = list[from + n]
  end
  return part
end

-- Runs a step whose answer is kept for a minute, under its last key: a request that comes again, because its answer was
-- lost on its way, gets that one. Else it would take what it did itself for another's doing.
local function once(step, keys, args)
  local kept = table.remove(keys)
  local known = redis.call('GET', kept)
  if known then
    return cmsgpack.unpack(known)[1]
  end
  local answer = step(keys, args)
  -- What is not for the bridge changed nothing, and there is much of it where people talk.
  if (type(answer) == 'table' and answer[1] or answer) ~= 'not_addressed' then
    redis.pcall('SET', kept, cmsgpack.pack({answer}), 'PX', KEPT_MS)
  end
  return answer
end

while at <= #ARGV do
  local step, is_kept = step_of(ARGV[at]), ARGV[at + 1] == '1'
  local keys, args = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local its_keys, its_args = next_of(KEYS, key, keys), next_of(ARGV, at + 3, args)
  local went_well, answer
  if is_kept then
    went_well, answer = pcall(once, step, its_keys, its_args)
  else
    went_well, answer = pcall(step, its_keys, its_args)
  end
  if not went_well then
    answer = type(answer) == 'table' and answer or { err = tostring(answer) }
  elseif answer == nil then
    answer = false -- a hole would end the list
  end
  answers[#answers + 1] = answer
  key, at = key + keys, at + 4 + args
end
return answers
