-- Counts a call in all its scopes at once, or says how long to wait. Six keys a scope: its calls by when they count,
-- the live replies and those without a first text by when they are forgotten, those that wait for a place by their
-- order, the calls under way beyond what is documented, and what a 429 said.
local FINAL, FIRST, TURN, BETWEEN, COSMETIC = 0, 1, 2, 3, 4
local BAND, BEYOND_MOST, BEYOND_STEP, BEYOND_LIFE_MS, BEYOND_CALL_MS = 1e13, 4, 4, 3000, 100
local kind, reply, call = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local waits_ms, is_last, ahead_ms = tonumber(ARGV[4]), ARGV[5] == '1', tonumber(ARGV[6])
local now = now_ms()
-- Who has waited longest has the smallest number of its kind.
local place = kind * BAND + now - waits_ms

-- What has to stay free for those that may not wait; `bridge/pacing_rules.py` says why.
local function kept(most, all, unshown)
  if kind == FINAL then
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

local longest, beyond_in, refused, rooms = 0, {}, {}, {}
for at = 1, #KEYS, 6 do
  local calls, live, unshown, queue, beyond, state = unpack(KEYS, at, at + 5)
  local arg = 7 + (at - 1) / 6 * 4
  local most, window, hard, keeps = tonumber(ARGV[arg]), tonumber(ARGV[arg + 1]), ARGV[arg + 2] == '1', ARGV[arg + 3] == '1'
  redis.call('ZREMRANGEBYSCORE', calls, '-inf', whole(now - window))
  -- From before the server's clock was put back.
  redis.call('ZREMRANGEBYSCORE', calls, whole(now + 60000), '+inf')
  forget_replies(live, unshown, queue, now)
  redis.call('ZREM', queue, reply)
  local used, all, first = redis.call('ZCARD', calls), redis.call('ZCARD', live), redis.call('ZCARD', unshown)
  local known = redis.call('HMGET', state, 'not_before', 'strict_until', 'trusted')
  local not_before = tonumber(known[1] or 0)
  local line = before_me(queue, keeps)
  local short = used + (keeps and kept(most, all, first) or 0) + line + 1 - most
  local wait = 0
  if not_before > now then
    wait = not_before - now
  elseif short > 0 then
    -- What makes room, beside time, is that replies end: so nobody sleeps for long, and all together ask seldom.
    wait = 500 + 20 * all
    local nth = redis.call('ZRANGE', calls, short - 1, short - 1, 'WITHSCORES')
    if nth[2] then
      wait = math.min(wait, math.max(1, tonumber(nth[2]) + window - now))
    end
    if kind == FINAL and not hard and tonumber(known[2] or 0) <= now then
      redis.call('ZREMRANGEBYSCORE', beyond, '-inf', whole(now))
      -- Carefully at first: a 429 that answers one call is better than one that answers several.
      local allowed = math.min(BEYOND_MOST, 1 + math.floor(tonumber(known[3] or 0) / BEYOND_STEP))
      local under_way = redis.call('ZCARD', beyond)
      if under_way + line < allowed then
        wait = 0
        beyond_in[#beyond_in + 1] = beyond
      else
        wait = math.min(wait, BEYOND_CALL_MS * (1 + math.floor((under_way + line) / allowed)))
      end
    end
  end
  if wait > 0 then
    refused[#refused + 1] = {queue, live, short > 0}
  end
  longest = math.max(longest, wait)
  rooms[#rooms + 1] = all
  rooms[#rooms + 1] = room_ahead(calls, most, window, ahead_ms, now) - all - first
end

if longest > 0 then
  for _, place_in in ipairs(refused) do
    -- A reply that is not live would stand in the line for ever.
    if place_in[3] and redis.call('ZSCORE', place_in[2], reply) then
      redis.call('ZADD', place_in[1], whole(place), reply)
      redis.call('PEXPIRE', place_in[1], 60000)
    end
  end
  return {longest, 0, unpack(rooms)}
end

for at = 1, #KEYS, 6 do
  local calls, live, unshown = unpack(KEYS, at, at + 2)
  local window = tonumber(ARGV[8 + (at - 1) / 6 * 4])
  -- The service counts a call when it arrives, which is a little later.
  redis.call('ZADD', calls, whole(now + math.min(1000, window / 50)), call)
  redis.call('PEXPIRE', calls, whole(window + 60000))
  if kind ~= COSMETIC then
    redis.call('ZREM', unshown, reply)
  end
  if is_last then
    redis.call('ZREM', live, reply)
  end
end
for _, beyond in ipairs(beyond_in) do
  redis.call('ZADD', beyond, whole(now + BEYOND_LIFE_MS), call)
  redis.call('PEXPIRE', beyond, 60000)
end
return {0, #beyond_in > 0 and 1 or 0, unpack(rooms)}
