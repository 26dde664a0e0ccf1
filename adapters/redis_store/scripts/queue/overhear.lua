-- Keeps what was said among people, where a person has the thread; there it moves the time ahead at which the agent gets
-- the thread back.
local known, taken, taken_due, overheard, clock = unpack(KEYS, 1, 5)
local NAMES = 6
local thread, body, seen_ms, further_ms, known_ms = unpack(ARGV, 1, 5)
local hand_back_ms, most, most_bytes, kept_ms = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9]
if redis.call('EXISTS', taken) == 0 then
  return 'not_addressed'
end
if is_seen(KEYS, NAMES) then
  return 'duplicate'
end
note_seen(KEYS, NAMES, seen_ms, further_ms)
overhear(overheard, body, most, most_bytes, kept_ms)
redis.call('ZADD', taken_due, whole(steady_ms(clock) + hand_back_ms), thread)
redis.call('PEXPIRE', known, known_ms)
return 'overheard'
