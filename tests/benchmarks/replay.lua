-- A script for wrk. It sends the requests of the file that REQUESTS names in turn, and ends with one line of JSON.
local listed, requests, turn = dofile(os.getenv("REQUESTS")), {}, 0

function init(_)
  for _, request in ipairs(listed) do
    local body
    if request.body then
      local file = assert(io.open(request.body, "rb"))
      body = file:read("*a")
      file:close()
    end
    requests[#requests + 1] = wrk.format(request.method, request.path, request.headers, body)
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '{"answered": %d, "microseconds": %d, "failed": %d, "p50": %.0f, "p99": %.0f}\n',
    summary.requests, summary.duration,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
