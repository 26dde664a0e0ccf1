-- Counts a call in all its scopes at once, or says how long to wait. Five keys a scope: its calls by when they count,
-- the live replies and those without a first text by when they are forgotten, those that wait for a place by their
-- order, and what a 429 said. In a scope that is only reserved nothing is counted: the reply becomes live there,
-- where it will find room for its last text.
local FINAL, FIRST, TURN, COSMETIC = 0, 1, 2, 4
local BAND = 1e13
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

-- When so many more places are free: those before this call take each as soon as it is.
local function slot_at(calls, short, used, most, window)
  local nth, rounds = (short - 1) % most, math.floor((short - 1) / most)
  local counts_at = now + arrives_in(window)
  if nth < used then
    counts_at = tonumber(redis.call('ZRANGE', calls, nth, nth, 'WITHSCORES')[2])
  end
  return counts_at + window + rounds * (window + arrives_in(window))
end

local function scope_at(at)
  local arg = 8 + (at - 1) / 5 * 4
  return tonumber(ARGV[arg]), tonumber(ARGV[arg + 1]), ARGV[arg + 2] == '1', ARGV[arg + 3] == '1'
end

-- Counted by a first try whose answer was lost.
local is_again = redis.call('ZSCORE', KEYS[1], call)
local longest, refused, rooms = 0, {}, {}
for at = 1, #KEYS, 5 do
  local calls, live, unshown, queue, state = unpack(KEYS, at, at + 4)
  local most, window, keeps, only_reserved = scope_at(at)
  redis.call('ZREMRANGEBYSCORE', calls, '-inf', whole(now - window))
  -- From before the server's clock was put back.
  redis.call('ZREMRANGEBYSCORE', calls, whole(now + 60000), '+inf')
  forget_replies(live, unshown, queue, now)
  redis.call('ZREM', queue, reply)
  local used, all, first = redis.call('ZCARD', calls), redis.call('ZCARD', live), redis.call('ZCARD', unshown)
  local not_before = tonumber(redis.call('HGET', state, 'not_before') or 0)
  local ahead = room_ahead(calls, most, window, ahead_ms, now) - all - first
  -- Where room is kept, replies that end make room too: so no worker sleeps for long, and all together ask seldom.
  -- Elsewhere those before a call may leave their line.
  local wait, patience = 0, keeps and 500 + 20 * all or 5000
  if only_reserved then
    if not_before > now + ahead_ms or (ahead < 1 and not redis.call('ZSCORE', live, reply)) then
      wait = patience
    end
  elseif not_before > now then
    wait = not_before - now
  else
    local missing = used + 1 - most
    local short = missing + kept(keeps, most, all, first) + before_me(queue, keeps)
    if short > 0 then
      local soonest = missing > 0 and slot_at(calls, missing, used, most, window) - now or 1
      wait = math.max(soonest, math.min(patience, slot_at(calls, short, used, most, window) - now))
      refused[#refused + 1] = {queue, live}
    end
  end
  longest = math.max(longest, wait)
  rooms[#rooms + 1] = all
  rooms[#rooms + 1] = ahead
end

if longest > 0 and not is_again then
  for _, place_in in ipairs(refused) do
    -- A reply that is not live would stand in the line for ever.
    if redis.call('ZSCORE', place_in[2], reply) then
      redis.call('ZADD', place_in[1], whole(place), reply)
      redis.call('PEXPIRE', place_in[1], 60000)
    end
  end
  return {longest, unpack(rooms)}
end

for at = 1, #KEYS, 5 do
  local calls, live, unshown = unpack(KEYS, at, at + 2)
  local _, window, _, only_reserved = scope_at(at)
  if only_reserved then
    redis.call('ZADD', live, whole(now + life_ms), reply)
    redis.call('PEXPIRE', live, math.max(life_ms, redis.call('PTTL', live)))
  else
    redis.call('ZADD', calls, whole(now + arrives_in(window)), call)
    redis.call('PEXPIRE', calls, whole(window + 60000))
    if kind ~= COSMETIC then
      redis.call('ZREM', unshown, reply)
    end
    if is_last then
      redis.call('ZREM', live, reply)
    end
  end
end
return {0, unpack(rooms)}
