-- A person takes a thread over, or gives it back to the agent. The command queues behind what is at work, and its turn
-- says so. A conversation whose turn is at work ends as that is settled. Answers what became of it, the question whose
-- answer is stopped, and the fence of the worker to notify.
local inbox, bodies, turn, known, due, bell, counters, leases, clock = unpack(KEYS, 1, 9)
local session, idle, endings, ends, taken, taken_due, overheard = unpack(KEYS, 10, 16)
local NAMES = 17
local thread, id, body, addressed, is_human = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1', ARGV[5] == '1'
local person, owner_only = ARGV[6], ARGV[7] == '1'
local seen_ms, further_ms, known_ms, bell_length, longest = ARGV[8], ARGV[9], ARGV[10], tonumber(ARGV[11]), tonumber(ARGV[12])
local hand_back_ms, most_remarks, most_bytes, remark_ms = tonumber(ARGV[13]), tonumber(ARGV[14]), tonumber(ARGV[15]), ARGV[16]
local NOT_STOPPED = { status = true, help = true, ['end'] = true, human = true, agent = true }

if is_seen(KEYS, NAMES) then
  return {'duplicate'}
end
if not addressed and redis.call('EXISTS', known) == 0 then
  return {'not_addressed'}
end
note_seen(KEYS, NAMES, seen_ms, further_ms)

local head = redis.call('LINDEX', inbox, 0)
local at_work = head and redis.call('HGET', turn, 'question') == head
local function asked_at_head()
  local readable, asked = pcall(cjson.decode, head and redis.call('HGET', bodies, head) or '')
  return readable and type(asked) == 'table' and asked or {}
end
local opener = redis.call('HGET', session, 'person_id')

-- As for a stop. If nothing is answered and no conversation is open, everyone may take the thread.
local function is_owner()
  if not is_human then
    local theirs = redis.call('HMGET', taken, 'person', 'opener')
    return theirs[1] == person or theirs[2] == person
  end
  local asker = asked_at_head().person
  return not (head or opener) or (type(asker) == 'table' and asker.id == person) or opener == person
end

local became, stopped = 'accepted', ''
if (redis.call('EXISTS', taken) == 1) == is_human then
  became = 'already'
elseif owner_only and not is_owner() then
  became = 'not_yours'
elseif redis.call('LLEN', inbox) >= longest and not is_human then
  became = 'full'
  for at = NAMES, #KEYS do
    redis.call('DEL', KEYS[at]) -- the command that gives an overdue thread back has one name, and comes again
  end
else
  if is_human then
    take_over(taken, taken_due, inbox, bodies, clock, thread, cjson.decode(body), hand_back_ms, at_work, function(said)
      overhear(overheard, said, most_remarks, most_bytes, remark_ms)
    end)
    redis.call('HSET', taken, 'opener', opener or '')
    if at_work and not NOT_STOPPED[asked_at_head().kind] and redis.call('HGET', turn, 'step') ~= 'answered' then
      redis.call('HSET', turn, 'stopped', '1')
      stopped = head
    end
    if not at_work then
      begin_ending(session, idle, endings, ends, clock, thread, 'human')
    end
  else
    redis.call('DEL', taken)
    redis.call('ZREM', taken_due, thread)
  end
  redis.call('SET', known, '1', 'PX', known_ms)
  enqueue(inbox, bodies, due, bell, bell_length, clock, thread, id, body, 0)
end
redis.call('HINCRBY', counters, 'take_over.' .. became, 1)
return {became, stopped, redis.call('HGET', leases, thread) or ''}
