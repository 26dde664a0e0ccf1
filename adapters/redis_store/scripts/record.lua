-- Writes fields of the turn's record.
local leases, turn = unpack(KEYS)
local thread, fence = ARGV[1], ARGV[2]
if not holds(leases, thread, fence) or redis.call('HGET', turn, 'fence') ~= fence then
  return 0
end
redis.call('HSET', turn, unpack(ARGV, 3))
return 1
