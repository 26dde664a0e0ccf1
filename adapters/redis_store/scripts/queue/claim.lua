-- Takes a due thread: of the person who was served longest ago, the one due longest. Answers with it, its fence, the
-- epoch, and for how long (ms) no other one is due. Where none is due, every ring of the bell is old; the answer is for
-- how long (ms) none will be, -1 where none has work. A request that comes a second time, because its answer was lost,
-- gets the same answer: else the thread would belong to no worker.
local due, leases, fence, bell, clock, claimed, epoch, workers, askers, served = unpack(KEYS)
local lease_ms, request = tonumber(ARGV[1]), ARGV[2]
local CANDIDATES, MOST_SERVED, SERVED_MS = 200, 1000, 3600000
go_on_when_full(due)
note_presence(workers, ARGV[3], tonumber(ARGV[4])) -- before it has anything that others could take over
local now = steady_ms(clock)
local last = redis.call('HMGET', claimed, 'request', 'thread', 'fence', 'epoch')
if last[1] == request and holds(leases, last[2], last[3]) and tonumber(redis.call('ZSCORE', due, last[2]) or 0) > now then
  return {last[2], last[3], last[4], 0}
end
-- The first thread, and for how long (ms) it is not due: -1 where none has work.
local function first_due()
  local first = redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')
  local wait = #first == 0 and -1 or math.max(0, math.ceil(tonumber(first[2]) - now))
  if wait ~= 0 then
    redis.call('DEL', bell)
  end
  return first[1], wait
end
local first, wait = first_due()
if wait ~= 0 then
  return wait
end
-- Whose turn it is: who has many threads does not come first because of that.
local thread, asker, least
local function look(candidates)
  for _, candidate in ipairs(candidates) do
    local person = redis.call('HGET', askers, candidate) or candidate
    local at = tonumber(redis.call('ZSCORE', served, person) or 0)
    if not least or at < least then
      thread, asker, least = candidate, person, at
    end
    if least == 0 then
      return -- no one was served longer ago than never
    end
  end
end
look({first})
if least > 0 then
  look(redis.call('ZRANGEBYSCORE', due, '-inf', whole(now), 'LIMIT', 1, CANDIDATES - 1))
end
local here = redis.call('GET', epoch)
if not here then
  here = request
  redis.call('SET', epoch, here)
end
-- A counter alone may go back, with a server that forgets; the request is of this worker and this claim.
local number = whole(redis.call('INCR', fence))
local name = number .. '-' .. request
redis.call('ZADD', due, whole(now + lease_ms), thread)
redis.call('HSET', leases, thread, name)
redis.call('HSET', claimed, 'request', request, 'thread', thread, 'fence', name, 'epoch', here)
redis.call('PEXPIRE', claimed, lease_ms)
redis.call('ZADD', served, number, asker)
redis.call('ZREMRANGEBYRANK', served, 0, -MOST_SERVED - 1)
redis.call('PEXPIRE', served, SERVED_MS)
local _, more_in = first_due()
return {thread, name, here, more_in}
