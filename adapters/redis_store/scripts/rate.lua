-- Writes down what somebody thinks of an answer, as long as it may be rated. Of one person's lines the last counts.
local answer, ratings, counters, seen = unpack(KEYS)
local rating, longest, seen_ms = ARGV[1], ARGV[2], ARGV[3]
if not redis.call('SET', seen, '1', 'NX', 'PX', seen_ms) then
  return 'duplicate'
end
local conversation = redis.call('GET', answer)
local became = 'nothing'
if conversation then
  redis.call('XADD', ratings, 'MAXLEN', '~', longest, '*',
    'rated_ms', whole(now_ms()), 'conversation', conversation, 'rating', rating, unpack(ARGV, 4))
  became = 'rated'
end
redis.call('HINCRBY', counters, 'question.' .. became, 1)
return became
