-- Gives all that a thread has to another thread. The worker of the old one loses its lease by that, and the
-- turn is taken up again under the new name: without the ids of messages, which mean nothing there. What is sealed for
-- the old name is replaced by what the caller has sealed for the new one; -1 where something came in since it looked.
local due, leases, idle, endings, ends, bell, heir, clock, taken_due = unpack(KEYS, 1, 9)
local inbox, bodies, turn, known, session, unanswered, told, exchanges, answered, taken, overheard, summary = unpack(KEYS, 10, 21)
local new_inbox, new_bodies, new_turn, new_known, new_session, new_unanswered, _, new_exchanges, _, new_taken, new_overheard, new_summary =
  unpack(KEYS, 22, 33)
local thread, new, root, bell_length = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local known_ms, heir_ms, new_place = ARGV[5], ARGV[6], ARGV[7]
local token, bodies_read, CHANGES = ARGV[8], tonumber(ARGV[9]), 10

local deadline = redis.call('ZSCORE', idle, thread)
if redis.call('EXISTS', inbox, session, taken) == 0 then
  redis.call('ZREM', due, thread)
  redis.call('ZREM', idle, thread)
  redis.call('HDEL', leases, thread)
  return 0
end

local token_now = redis.call('HGET', session, 'token') or ''
if bodies_read >= 0 and (token_now ~= token or redis.call('HLEN', bodies) ~= bodies_read) then
  return -1
end

go_on_when_full(due)
if redis.call('EXISTS', new_session) == 1 then
  begin_ending(session, idle, endings, ends, clock, thread, 'replaced')
elseif redis.call('EXISTS', session) == 1 then
  redis.call('RENAME', session, new_session)
  redis.call('ZREM', idle, thread)
  redis.call('ZADD', idle, deadline or whole(steady_ms(clock)), new)
end

-- What was asked before the move goes first, with the record of its turn; behind a turn that is at work already.
local ids = redis.call('LRANGE', inbox, 0, -1)
if redis.call('EXISTS', new_turn) == 0 then
  if redis.call('EXISTS', turn) == 1 then
    redis.call('RENAME', turn, new_turn)
    redis.call('HDEL', new_turn, 'message_ids')
  end
  for at = #ids, 1, -1 do
    redis.call('LPUSH', new_inbox, ids[at])
  end
else
  for _, id in ipairs(ids) do
    redis.call('RPUSH', new_inbox, id)
  end
end
local fields = redis.call('HGETALL', bodies)
for at = 1, #fields, 2 do
  redis.call('HSET', new_bodies, fields[at], fields[at + 1])
end
if redis.call('EXISTS', unanswered) == 1 then
  redis.call('RENAME', unanswered, new_unanswered)
end
for key, new_key in pairs({ [exchanges] = new_exchanges, [overheard] = new_overheard, [summary] = new_summary }) do
  if redis.call('EXISTS', key) == 1 then
    redis.call('RENAME', key, new_key)
  end
end
for at = CHANGES, #ARGV, 4 do
  local kind, field, was, now = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  if kind == 'session' and redis.call('HGET', new_session, field) == was then
    redis.call('HSET', new_session, field, now)
  elseif kind == 'taken' and redis.call('HGET', taken, field) == was then
    redis.call('HSET', taken, field, now)
  elseif kind == 'body' and redis.call('HGET', new_bodies, field) == was then
    redis.call('HSET', new_bodies, field, now)
  elseif kind == 'unanswered' and redis.call('GET', new_unanswered) == was then
    redis.call('SET', new_unanswered, now, 'KEEPTTL')
  elseif kind == 'overheard' and redis.call('LINDEX', new_overheard, field) == was then
    redis.call('LSET', new_overheard, field, now)
  elseif kind == 'exchange' then
    local score = redis.call('ZSCORE', new_exchanges, was)
    if score then
      redis.call('ZREM', new_exchanges, was)
      redis.call('ZADD', new_exchanges, score, now)
    end
  end
end
if redis.call('EXISTS', taken) == 1 then
  local address = cjson.decode(redis.call('HGET', taken, 'address'))
  address.place, address.reply_to = new_place, ''
  redis.call('HSET', taken, 'address', cjson.encode(address))
  redis.call('RENAME', taken, new_taken)
  redis.call('ZADD', taken_due, redis.call('ZSCORE', taken_due, thread) or whole(steady_ms(clock)), new)
  redis.call('ZREM', taken_due, thread)
end
redis.call('DEL', inbox, bodies, turn, known, told, answered)
redis.call('SET', new_known, '1', 'PX', known_ms)
redis.call('ZREM', due, thread)
redis.call('HDEL', leases, thread)
if redis.call('EXISTS', new_inbox) == 1 and redis.call('ZADD', due, 'NX', whole(steady_ms(clock)), new) == 1 then
  ring(bell, bell_length)
end
redis.call('SET', heir, root, 'PX', heir_ms)
return 1
