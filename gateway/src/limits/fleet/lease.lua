-- A lease from a bucket of the generic cell rate algorithm.
-- KEYS[1]: the time, in microseconds, at which the bucket is full again (its theoretical arrival time).
-- ARGV: microseconds a token, burst, tokens wanted, the least that is of use, and how many microseconds the bucket is
--       known to be ahead: what was spent without asking is in it, and it may have been lost here.
-- The server's clock is the only one. Answers: granted, microseconds to wait, tokens left, microseconds ahead.
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local interval = tonumber(ARGV[1])
local full = tonumber(ARGV[2]) * interval
local least = tonumber(ARGV[4])

-- What was spent is debited, at most one burst; a bucket is never cleared.
local stored = tonumber(redis.call('GET', KEYS[1]) or now)
local ahead = math.max(stored - now, math.min(tonumber(ARGV[5]), full), 0)

local room = math.max(math.floor((full - ahead) / interval + 0.000001), 0)
local grant = math.min(tonumber(ARGV[3]), room)
local wait = 0
if grant < least then
  grant = 0
  wait = math.max(math.ceil(ahead + least * interval - full), 1)
end
ahead = ahead + grant * interval
if ahead > 0 then
  redis.call('SET', KEYS[1], string.format('%.3f', now + ahead), 'PX', math.ceil(ahead / 1000) + 1)
end
return {grant, wait, room - grant, math.ceil(ahead)}
