-- Marks the turn of the head question as stopped. A question that was not begun yet gets its record here. Answers what
-- became of it, the question, and the fence of the worker to notify.
local inbox, turn, known, counters, bodies, session, leases = unpack(KEYS, 1, 7)
local NAMES = 8
local addressed, seen_ms, about, person, owner_only = ARGV[1] == '1', ARGV[2], ARGV[3], ARGV[4], ARGV[5] == '1'
local thread = ARGV[6]
if is_seen(KEYS, NAMES) then
  return {'duplicate'}
end
if not addressed and redis.call('EXISTS', known) == 0 then
  return {'not_addressed'}
end
note_seen(KEYS, NAMES, seen_ms, seen_ms)
local id = redis.call('LINDEX', inbox, 0)

-- Whether this person asked what is being answered, or began the conversation.
local function is_owner()
  local readable, question = pcall(cjson.decode, redis.call('HGET', bodies, id) or '')
  local asker = readable and type(question) == 'table' and question.person
  return (type(asker) == 'table' and asker.id == person) or redis.call('HGET', session, 'person_id') == person
end

local became = 'nothing'
if id and (about == '' or about == '*' or token_of(id) == about) then
  if owner_only and not is_owner() then
    became = 'not_yours'
  else
    if redis.call('HGET', turn, 'question') ~= id then
      redis.call('DEL', turn)
      redis.call('HSET', turn, 'question', id)
    end
    redis.call('HSET', turn, 'stopped', '1')
    became = 'stopped'
  end
end
redis.call('HINCRBY', counters, 'question.' .. became, 1)
return {became, id or '', redis.call('HGET', leases, thread) or ''}
