-- Changes a question that still waits, or drops it where the new body is empty: 1. The answer at work is stopped and the
-- new words are asked next, once: 2, with the worker's fence. What was answered, or is being asked for the second time,
-- can be asked again with the new words: 3. A waiting question that is dropped gives its place in its person's hour back.
local inbox, bodies, turn, due, leases, answered, unanswered, seen, overheard, hour = unpack(KEYS)
local thread, id, body, again_id, again = unpack(ARGV, 1, 5)
local seen_ms, unanswered_ms = ARGV[6], ARGV[7]

local function is_kept(key)
  local readable, kept = pcall(cjson.decode, redis.call('GET', key) or '')
  return readable and type(kept) == 'table' and (kept.id == id or kept.first_id == id)
end

-- What was said while a person has the thread: changed or dropped there.
for at, said in ipairs(redis.call('LRANGE', overheard, 0, -1)) do
  local readable, kept = pcall(cjson.decode, said)
  if readable and type(kept) == 'table' and kept.id == id then
    if body == '' then
      redis.call('LREM', overheard, 1, said)
    else
      redis.call('LSET', overheard, at - 1, body)
    end
    return {1}
  end
end
local is_again = redis.call('HEXISTS', bodies, again_id) == 1
if redis.call('HEXISTS', bodies, id) == 0 and not is_again then
  if body == '' then
    for _, key in ipairs({answered, unanswered}) do
      if is_kept(key) then
        redis.call('DEL', key) -- what was deleted is not asked again
      end
    end
  elseif is_kept(unanswered) then
    redis.call('SET', unanswered, body, 'PX', unanswered_ms)
  elseif is_kept(answered) then
    redis.call('DEL', answered)
    redis.call('SET', unanswered, body, 'PX', unanswered_ms)
    return {3}
  end
  return {0}
end
if is_again then
  -- It was changed while it was answered: the words that are asked next, or now, are changed.
  if body == '' and redis.call('HGET', turn, 'question') == id then
    redis.call('HSET', turn, 'deleted', '1')
  end
  id, body = again_id, body ~= '' and again or ''
end
local owner = redis.call('HGET', bodies, 'owner:' .. id) or id
if redis.call('HGET', turn, 'question') == owner then
  if body == '' and owner == id then
    redis.call('HSET', turn, 'deleted', '1')
  end
  if body == '' or owner ~= id then
    return {0}
  end
  -- People see the whole answer a moment before its turn is settled.
  local is_whole = redis.call('HGET', turn, 'step') == 'answered'
  if is_whole or is_again or not redis.call('SET', seen, '1', 'NX', 'PX', seen_ms) then
    -- One offer stands for all changes in that time.
    local is_first = redis.call('HEXISTS', turn, 'edited') == 0
    redis.call('HSET', turn, 'edited', body)
    return {is_first and 3 or 0}
  end
  redis.call('HSET', turn, 'stopped', '1', 'again', again_id)
  redis.call('HSET', bodies, again_id, again)
  redis.call('LINSERT', inbox, 'AFTER', id, again_id)
  return {2, redis.call('HGET', leases, thread) or ''}
end
if body ~= '' then
  redis.call('HSET', bodies, id, body)
  return {1}
end
if owner ~= id or redis.call('HEXISTS', bodies, 'parts:' .. id) == 1 then
  return {0} -- part of a question of several messages
end
redis.call('LREM', inbox, 0, id)
redis.call('ZREM', hour, id)
redis.call('HDEL', bodies, id, 'size:' .. id, 'superseded:' .. id)
if redis.call('LLEN', inbox) == 0 and redis.call('HEXISTS', leases, thread) == 0 then
  redis.call('ZREM', due, thread)
end
return {1}
