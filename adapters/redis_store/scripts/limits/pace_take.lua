-- Counts a call in all its scopes at once, or says how long to wait. Five keys a scope: its calls by when they count,
-- the live replies and those without a first text by when they are forgotten, those that wait for a place by their
-- order, and what a 429 said. In a scope that is only reserved nothing is counted: the reply becomes live there,
-- where it will find room for its last text.
local FINAL, FIRST, TURN, COSMETIC = 0, 1, 2, 4
local BAND = 1e13
local MOST_PATIENCE = 5000
local kind, reply, call = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local waits_ms, is_last, ahead_ms, life_ms = tonumber(ARGV[4]), ARGV[5] == '1', tonumber(ARGV[6]), tonumber(ARGV[7])
local now = now_ms()
-- Who has waited longest has the smallest number of its kind.
local place = kind * BAND + now - waits_ms

-- The service counts a call when it arrives, which is a little later.
local function arrives_in(window)
  return math.min(1000, window / 50)
end

-- What has to stay free for those that may not wait; `bridge/rate_limits/rules.py` says why.
local function kept(keeps, most, all, unshown)
  if not keeps then
    return kind == COSMETIC and math.floor(most / 2) or 0
  elseif kind == FINAL then
    return 0
  elseif kind == FIRST then
    return math.max(0, all + unshown - 1)
  elseif kind == COSMETIC then
    return all + unshown + math.floor(most / 4)
  end
  return all + unshown
end

-- How many that wait in the line go first. Where room is kept, it is kept for the final texts that wait, too.
local function before_me(queue, keeps)
  local from = kind
  if not keeps or kind == COSMETIC then
    from = FINAL
  elseif kind == TURN then
    from = FIRST
  end
  return redis.call('ZCOUNT', queue, whole(from * BAND), '(' .. whole(place))
end

-- In how long so many more places are free: those before this call take each as soon as it is.
local function slot_in(calls, short, used, most, window)
  local nth, rounds = (short - 1) % most, math.floor((short - 1) / most)
  local counts_at = now + arrives_in(window)
  if nth < used then
    counts_at = tonumber(redis.call('ZRANGE', calls, nth, nth, 'WITHSCORES')[2])
  end
  return math.max(1, counts_at + window + rounds * (window + arrives_in(window)) - now)
end

-- In how long a reply asks again for the room that its last text will need. Where too few calls are counted, only a
-- reply that ends without its last call makes room.
local function reserve_in(calls, short, window, patience)
  local from, soonest = now + ahead_ms - window, MOST_PATIENCE
  if short > 0 then
    local nth = redis.call('ZRANGEBYSCORE', calls, whole(from), '+inf', 'WITHSCORES', 'LIMIT', short - 1, 1)
    soonest = nth[2] and tonumber(nth[2]) - from or soonest
  end
  return math.min(math.max(soonest, patience), MOST_PATIENCE)
end

local function scope_at(at)
  local arg = 8 + (at - 1) / 5 * 4
  return tonumber(ARGV[arg]), tonumber(ARGV[arg + 1]), ARGV[arg + 2] == '1', ARGV[arg + 3] == '1'
end

-- Takes out what counts no more, and says whether there was any: calls that are over, or from before the server's clock
-- was put back, and the replies of dead workers.
local function tidy(calls, live, unshown, queue, window)
  local over = redis.call('ZREMRANGEBYSCORE', calls, '-inf', whole(now - window))
  local ahead_of_time = redis.call('ZREMRANGEBYSCORE', calls, whole(now + 60000), '+inf')
  return over + ahead_of_time + forget_replies(live, unshown, queue, now) > 0
end

-- Answers how long to wait in a scope, whether for the calls of others there, how many replies are live, how many of
-- them without a first text, and how many calls in-between edits may make in the time ahead.
local function look(at)
  local calls, live, unshown, queue, state = unpack(KEYS, at, at + 4)
  local most, window, keeps, only_reserved = scope_at(at)
  local used, all, first = redis.call('ZCARD', calls), redis.call('ZCARD', live), redis.call('ZCARD', unshown)
  local not_before = tonumber(redis.call('HGET', state, 'not_before') or 0)
  local ahead = room_ahead(calls, most, window, ahead_ms, now) - all - first
  -- Where room is kept, replies that end make room too: so no worker sleeps for long, and all together ask seldom.
  -- Elsewhere those before a call may leave their line.
  local patience = keeps and 500 + 20 * all or MOST_PATIENCE
  if only_reserved then
    local short = redis.call('ZSCORE', live, reply) and 0 or 1 - ahead
    local wait = (short > 0 or not_before > now + ahead_ms) and reserve_in(calls, short, window, patience) or 0
    return wait, false, all, first, ahead
  end
  local before = 0
  if redis.call('ZCARD', queue) > 0 then
    redis.call('ZREM', queue, reply)
    before = before_me(queue, keeps)
  end
  if not_before > now then
    return not_before - now, false, all, first, ahead
  end
  local missing = used + 1 - most
  local short = missing + kept(keeps, most, all, first) + before
  if short <= 0 then
    return 0, false, all, first, ahead
  end
  local soonest = missing > 0 and slot_in(calls, missing, used, most, window) or 1
  local wait = math.max(soonest, math.min(patience, slot_in(calls, short, used, most, window)))
  return wait, true, all, first, ahead
end

-- Counted by a first try whose answer was lost.
local is_again = redis.call('ZSCORE', KEYS[1], call)
local longest, refused, rooms, seen = 0, {}, {}, {}
for at = 1, #KEYS, 5 do
  local wait, is_full, all, first, ahead = look(at)
  if wait > 0 then
    local calls, live, unshown, queue = unpack(KEYS, at, at + 3)
    local _, window = scope_at(at)
    -- Only here, as it costs more than all else.
    if tidy(calls, live, unshown, queue, window) then
      wait, is_full, all, first, ahead = look(at)
    end
    if is_full then
      refused[#refused + 1] = {queue, live}
    end
  end
  longest = math.max(longest, wait)
  rooms[#rooms + 1] = all
  rooms[#rooms + 1] = ahead
  seen[at] = {all, first}
end

if longest > 0 and not is_again then
  for _, place_in in ipairs(refused) do
    -- A reply that is not live would stand in the line for ever.
    if redis.call('ZSCORE', place_in[2], reply) then
      redis.call('ZADD', place_in[1], whole(place), reply)
      redis.call('PEXPIRE', place_in[1], 120000)
    end
  end
  return {longest, unpack(rooms)}
end

for at = 1, #KEYS, 5 do
  local calls, live, unshown = unpack(KEYS, at, at + 2)
  local _, window, _, only_reserved = scope_at(at)
  if only_reserved then
    redis.call('ZADD', live, whole(now + life_ms), reply)
    redis.call('PEXPIRE', live, life_ms)
  else
    redis.call('ZADD', calls, whole(now + arrives_in(window)), call)
    redis.call('PEXPIRE', calls, whole(window + 60000))
    local all, first = unpack(seen[at])
    if first > 0 and kind ~= COSMETIC then
      redis.call('ZREM', unshown, reply)
    end
    if all > 0 and is_last then
      redis.call('ZREM', live, reply)
    end
  end
end
return {0, unpack(rooms)}
