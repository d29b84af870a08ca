-- wrk -s revoke.lua URL -- START EACH_SECOND PATH...: ten who hold a license in each request.
-- A run begins at the learners of its second, counted from START: what was revoked stays revoked.
local THREADS = 2
local threads = 0

function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

function init(arguments)
    local start = table.remove(arguments, 1)
    local each_second = table.remove(arguments, 1)
    paths = arguments
    call = (os.time() - start) * each_second + number
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/json"
end

function request()
    local path = paths[call % #paths + 1]
    local first = math.floor(call / #paths) * 10
    call = call + THREADS
    local emails = {}
    for learner = 1, 10 do
        emails[learner] = string.format('"held%d@example.com"', first + learner - 1)
    end
    local body = string.format('{"user_emails":[%s]}', table.concat(emails, ","))
    return wrk.format(nil, path, nil, body)
end
