-- wrk -s floor.lua URL -- BODY: the same body in each request.
function init(arguments)
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/json"
    wrk.body = arguments[1]
end
