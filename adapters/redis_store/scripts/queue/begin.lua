-- Reads the head and counts an attempt. The record remembers which question and which fence it is of: only a
-- question begun under a lease can be settled under it. What was added to the question becomes one with it here.
-- Repeated under the same lease it reads the same and counts nothing.
local leases, inbox, bodies, turn, due = unpack(KEYS)
local thread, fence = ARGV[1], ARGV[2]
if not holds(leases, thread, fence) then
  return -1
end
go_on_when_full(due)
local id = redis.call('LINDEX', inbox, 0)
local body = id and redis.call('HGET', bodies, id)
while id and not body do
  redis.call('LPOP', inbox)
  id = redis.call('LINDEX', inbox, 0)
  body = id and redis.call('HGET', bodies, id)
end
if not id then
  return 0
end

-- The question with the texts and files of its parts.
local function joined(parts)
  local question = cjson.decode(body)
  question.files = question.files or {}
  for _, part in ipairs(parts) do
    local more = cjson.decode(redis.call('HGET', bodies, part))
    question.text = question.text .. '\n' .. more.text
    question.has_files = question.has_files or more.has_files
    for _, file in ipairs(more.files or {}) do
      question.files[#question.files + 1] = file
    end
  end
  return cjson.encode(question)
end

local listed = redis.call('HGET', bodies, 'parts:' .. id)
if listed then
  local parts = cjson.decode(listed)
  -- What cannot be read is answered as empty, and set aside with its parts.
  local readable, whole_body = pcall(joined, parts)
  body = readable and whole_body or ''
  if readable then
    redis.call('HSET', bodies, id, body)
    for _, part in ipairs(parts) do
      redis.call('HDEL', bodies, part, 'owner:' .. part)
    end
    redis.call('HDEL', bodies, 'parts:' .. id, 'size:' .. id)
  end
else
  redis.call('HDEL', bodies, 'size:' .. id)
end
local begun = redis.call('HMGET', turn, 'question', 'fence')
if begun[1] ~= id then
  redis.call('DEL', turn)
end
if begun[1] ~= id or begun[2] ~= fence then
  redis.call('HSET', turn, 'question', id, 'fence', fence)
  redis.call('HINCRBY', turn, 'attempts', 1)
end
if redis.call('HDEL', bodies, 'superseded:' .. id) == 1 then
  redis.call('HSET', turn, 'superseded', '1')
end
return {body, redis.call('HGETALL', turn), id}
