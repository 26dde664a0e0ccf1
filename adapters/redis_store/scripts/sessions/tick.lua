-- All that is looked at every few seconds. Compares this server's clock with the time that truly passed for the caller:
-- where it has jumped, the jump is noted, and all deadlines move along with that. Notes that this worker lives. Answers
-- the clock, the jumps noted, this jump, how soon (ms; -1: never) a session falls idle or an end comes due, and how soon
-- an opening counts as lost, the epoch, how many other workers live, and what was dropped since the caller looked.
local clock, idle, ends, quota, epoch, workers, opening_due, drops = unpack(KEYS)
local seen_at, noted_before, elapsed, tolerance = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local worker, presence_ms, new_epoch = ARGV[5], tonumber(ARGV[6]), ARGV[7]
local drops_seen = ARGV[8] == '' and '-' or '(' .. ARGV[8]
go_on_when_full(idle)
local now, jump = now_ms(), 0
local noted = tonumber(redis.call('GET', clock) or 0)
-- A worker that finds another one's note takes that over and measures anew: two workers that disagree would otherwise
-- move everything to and fro.
if seen_at ~= 0 and noted == noted_before then
  jump = now - seen_at - elapsed
  if math.abs(jump) <= tolerance then
    jump = 0
  else
    noted = noted + jump
    redis.call('SET', clock, whole(noted))
    redis.call('DEL', quota)
  end
end

local here = redis.call('GET', epoch)
if not here then
  here = new_epoch
  redis.call('SET', epoch, here)
end

note_presence(workers, worker, presence_ms)
local function due_in(key)
  local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  return first[2] and math.max(0, math.ceil(tonumber(first[2]) - (now - noted))) or -1
end
local idle_in, end_in = due_in(idle), due_in(ends)
local soonest = (idle_in < 0 or end_in < 0) and math.max(idle_in, end_in) or math.min(idle_in, end_in)
return {now, whole(noted), jump, soonest, due_in(opening_due), here, redis.call('ZCARD', workers) - 1,
  redis.call('XRANGE', drops, drops_seen, '+')}
