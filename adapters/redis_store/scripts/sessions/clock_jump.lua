-- Compares this server's clock with the time that truly passed for the caller. Where it has jumped, all deadlines
-- move along, once: whoever comes with the offset that is noted moves them and notes the new one.
local clock, due, idle, ends, opening_due, quota = unpack(KEYS)
local seen_at, offset, elapsed, tolerance = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local now = now_ms()
local noted = tonumber(redis.call('GET', clock) or 0)
-- Whoever finds that somebody else moved them takes over that note and measures anew: two workers that disagree
-- would otherwise move everything to and fro.
if seen_at == 0 or noted ~= offset then
  return {now, noted, 0}
end
local jump = now - seen_at - elapsed
if math.abs(jump) <= tolerance then
  return {now, noted, 0}
end
for _, key in ipairs({due, idle, ends, opening_due}) do
  local members = redis.call('ZRANGE', key, 0, -1)
  for _, member in ipairs(members) do
    redis.call('ZINCRBY', key, whole(jump), member)
  end
end
redis.call('DEL', quota)
redis.call('SET', clock, whole(noted + jump))
return {now, noted + jump, jump}
