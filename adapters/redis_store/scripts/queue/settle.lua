-- Removes the question that was begun, with its record, and updates the session. A call that arrives a second
-- time, because the answer to the first was lost, finds nothing begun and removes nothing.
local due, leases, inbox, bodies, turn, known = unpack(KEYS, 1, 6)
local session, idle, endings, ends, counters, dead, unanswered, answer, clock, askers, exchanges, answered = unpack(KEYS, 7, 18)
local taken, taken_due, overheard, summary, drops = unpack(KEYS, 19, 23)
local thread, fence, question, outcome, end_reason = unpack(ARGV, 1, 5)
local idle_ms, known_ms = tonumber(ARGV[6]), ARGV[7]
local history, counts_as_turn = ARGV[8], ARGV[9]
local dead_reason, dead_length, unanswered_ms, rated_ms = ARGV[10], tonumber(ARGV[11]), ARGV[12], tonumber(ARGV[13])
local dead_ms = tonumber(ARGV[14])
local exchange, said_ms, most_exchanges, exchange_ms = ARGV[15], tonumber(ARGV[16]), tonumber(ARGV[17]), ARGV[18]
local most_remarks, most_bytes, hand_back_ms = tonumber(ARGV[19]), tonumber(ARGV[20]), tonumber(ARGV[21])
local USAGE = 22
local not_whole = { interrupted = true, stopped = true, refused = true, dead = true }

-- The question's words with the messages that show its answer: where it is edited and asked again, they show that one.
local function with_messages(words)
  local ids = redis.call('HGET', turn, 'message_ids')
  return ids and string.sub(words, 1, -2) .. ',"replaces":' .. ids .. '}' or words
end

local holder = redis.call('HGET', leases, thread)
if holder ~= fence then
  return holder and -1 or -2
end
go_on_when_full(due)

local id = redis.call('LINDEX', inbox, 0)
local begun = redis.call('HMGET', turn, 'question', 'fence', 'attempts')
if id and begun[1] == id and begun[2] == fence and (question == '' or question == id) then
  if dead_reason ~= '' then
    redis.call('LPUSH', dead, cjson.encode({
      thread = thread, reason = dead_reason, attempts = tonumber(begun[3]),
      at_ms = whole(now_ms()), question = redis.call('HGET', bodies, id),
    }))
    redis.call('LTRIM', dead, 0, dead_length - 1)
    redis.call('PEXPIRE', dead, dead_ms)
    -- Those that are too old; the newest is this one.
    local oldest = cjson.decode(redis.call('LINDEX', dead, -1))
    while tonumber(oldest.at_ms) < now_ms() - dead_ms do
      redis.call('RPOP', dead)
      oldest = cjson.decode(redis.call('LINDEX', dead, -1))
    end
  end
  local body = redis.call('HGET', bodies, id)
  local edited, deleted, again_id = unpack(redis.call('HMGET', turn, 'edited', 'deleted', 'again'))
  local again = again_id and redis.call('HGET', bodies, again_id)
  if again then
    -- It was edited while it was answered, and the new words come next: in the messages of this answer.
    redis.call('HSET', bodies, again_id, with_messages(again))
  end
  if outcome == 'answered' then
    local tried_again = body and string.find(body, '"kind":"retry"', 1, true) and redis.call('GET', unanswered)
    redis.call('DEL', unanswered)
    if deleted then
      redis.call('DEL', answered)
    elseif edited then
      redis.call('SET', unanswered, with_messages(edited), 'PX', unanswered_ms)
    elseif tried_again then
      redis.call('SET', answered, with_messages(tried_again), 'PX', unanswered_ms)
    elseif body and string.find(body, '"kind":"ask"', 1, true) then
      redis.call('SET', answered, with_messages(body), 'PX', unanswered_ms)
    end
  elseif deleted then
    redis.call('DEL', unanswered) -- its asker wants no more of it
  elseif not_whole[outcome] and body and string.find(body, '"kind":"ask"', 1, true) then
    redis.call('SET', unanswered, edited or body, 'PX', unanswered_ms)
  elseif not_whole[outcome] and body and string.find(body, '"kind":"retry"', 1, true) then
    -- The same words once more: from now on they are this turn's, and the button of the turn before is used up.
    local words = redis.call('GET', unanswered)
    if words then
      local again = cjson.decode(words)
      local is_in_place = again.replaces ~= nil
      again.first_id = again.first_id or again.id
      again.id, again.replaces = id, nil
      words = cjson.encode(again)
      redis.call('SET', unanswered, is_in_place and with_messages(words) or words, 'PX', unanswered_ms)
    end
  end
  if exchange ~= '' then
    -- In the order in which they were settled, whatever the clocks of the workers say.
    local newest = redis.call('ZREVRANGE', exchanges, 0, 0, 'WITHSCORES')[2]
    redis.call('ZADD', exchanges, whole(math.max(said_ms, newest and tonumber(newest) + 1 or 0)), exchange)
    redis.call('ZREMRANGEBYRANK', exchanges, 0, -most_exchanges - 1)
    redis.call('PEXPIRE', exchanges, exchange_ms)
  end
  if outcome == 'undeliverable' then
    forget_exchanges(exchanges, drops, thread, 0)
    redis.call('DEL', overheard, summary, taken)
    redis.call('ZREM', taken_due, thread)
  elseif end_reason == 'agent' then
    forget_exchanges(exchanges, drops, thread, 1) -- the agent is done with what was before
    redis.call('DEL', overheard, summary)
  end
  local function keep(said)
    overhear(overheard, said, most_remarks, most_bytes, exchange_ms)
  end
  if end_reason == 'human' and body and redis.call('EXISTS', taken) == 0 then
    take_over(taken, taken_due, inbox, bodies, clock, thread, cjson.decode(body), hand_back_ms, true, keep)
    redis.call('HSET', taken, 'by_agent', '1', 'opener', redis.call('HGET', session, 'person_id') or '')
  end
  local is_taken = redis.call('EXISTS', taken) == 1
  if is_taken and outcome == 'stopped' and exchange == '' and body and string.find(body, '"kind":"ask"', 1, true) then
    keep(body) -- asked, and stopped before it was answered
  end
  redis.call('LPOP', inbox)
  for _, part in ipairs(cjson.decode(redis.call('HGET', bodies, 'parts:' .. id) or '[]')) do
    redis.call('HDEL', bodies, part, 'owner:' .. part)
  end
  redis.call('HDEL', bodies, id, 'parts:' .. id, 'size:' .. id, 'superseded:' .. id)
  redis.call('DEL', turn)
  redis.call('HINCRBY', counters, 'turn.' .. outcome, 1)
  if outcome ~= 'excluded' then
    redis.call('SET', known, '1', 'PX', known_ms)
  elseif redis.call('GET', known) == id then
    -- A refused question does not make the bridge take part in its thread.
    redis.call('DEL', known)
  end
  if outcome == 'undeliverable' then
    -- No one is left there: each waiting question would open a paid conversation, only to find the place gone.
    local waiting = redis.call('LLEN', inbox)
    redis.call('DEL', inbox, bodies)
    redis.call('HINCRBY', counters, 'turn.' .. outcome, waiting)
  end
  local conversation = redis.call('HGET', session, 'conversation_id')
  if conversation and rated_ms > 0 then
    redis.call('SET', answer, conversation, 'PX', rated_ms)
  end
  if redis.call('EXISTS', session) == 1 then
    redis.call('HINCRBY', session, 'turns', counts_as_turn)
    local readable, asked = pcall(cjson.decode, body)
    local person = readable and type(asked) == 'table' and asked.person
    if counts_as_turn == '1' and type(person) == 'table' and person.id and person.id ~= redis.call('HGET', session, 'person_id') then
      redis.call('HSET', session, 'several_speak', '1')
    end
    redis.call('HINCRBY', session, 'retries', tonumber(begun[3]) - 1)
    if history ~= 'keep' then
      redis.call('HSET', session, 'history_count', history)
    end
    for at = USAGE, #ARGV, 2 do
      redis.call('HINCRBY', session, 'usage.' .. ARGV[at], ARGV[at + 1])
    end
    redis.call('HDEL', session, 'unserved')
    if idle_ms >= 0 then
      redis.call('ZADD', idle, whole(steady_ms(clock) + idle_ms), thread)
    end
    if end_reason ~= '' or is_taken then
      begin_ending(session, idle, endings, ends, clock, thread, end_reason ~= '' and end_reason or 'human')
    end
  end
end

redis.call('HDEL', askers, thread)
if redis.call('LLEN', inbox) > 0 then
  return 1
end
redis.call('ZREM', due, thread)
redis.call('HDEL', leases, thread)
return 0
