-- Moves leases ahead. Returns the places, from 0, of those that were lost.
local due, leases = unpack(KEYS)
local ahead = whole(now_ms() + tonumber(ARGV[1]))
local lost = {}
for at = 2, #ARGV, 2 do
  if holds(leases, ARGV[at], ARGV[at + 1]) then
    redis.call('ZADD', due, ahead, ARGV[at])
  else
    lost[#lost + 1] = (at - 2) / 2
  end
end
return lost
