-- Runs one plain command, as a step that can go along with others.
return redis.call(unpack(ARGV))
