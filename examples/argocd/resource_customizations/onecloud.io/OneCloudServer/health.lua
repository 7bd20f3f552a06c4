-- The conditions follow kstatus: https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md
local hs = {}
local status = obj.status or {}

local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end

local function is(kind)
  return conditions[kind] ~= nil and conditions[kind].status == "True"
end

local function says(kind)
  local condition = conditions[kind]
  if condition == nil then
    return "waiting for the operator"
  end
  return condition.reason .. ": " .. condition.message
end

-- Deletion: the finalizer stays until the server is gone; say what it waits for.
if obj.metadata.deletionTimestamp ~= nil then
  hs.status = "Progressing"
  -- It was deleted with so many others that nothing is removed until a person agrees.
  if conditions["Deleting"] ~= nil and conditions["Deleting"].reason == "TooManyDeletions" then
    hs.status = "Degraded"
  end
  local deleting = conditions["Deleting"]
  if deleting ~= nil and (deleting.reason == "PlanPending" or deleting.reason == "Frozen") then
    hs.status = "Suspended"
  end
  hs.message = says("Deleting")
  hs.deletionMessage = says("Deleting")
  return hs
end

if is("Paused") then
  hs.status = "Suspended"
  hs.message = says("Paused")
  return hs
end

-- What the conditions say of an older spec says nothing of this one.
if status.observedGeneration ~= obj.metadata.generation then
  hs.status = "Progressing"
  hs.message = "Waiting for the operator to look at the newest change"
  return hs
end

-- A plan waits for a person, a freeze for whoever has set it, and a window for its time.
local held = { PlanPending = true, Frozen = true, WaitingForWindow = true }
local synced = conditions["Synced"]
if synced ~= nil and held[synced.reason] then
  hs.status = "Suspended"
  hs.message = says("Synced")
  return hs
end

-- Waiting does not help.
if is("Stalled") then
  hs.status = "Degraded"
  hs.message = says("Stalled")
  return hs
end

local ready = conditions["Ready"]
local reconciling = conditions["Reconciling"]

-- The server is there and not well, whether or not it is being tried to mend it.
local unwell = { OperationFailed = true, ServerUnknown = true, WrongPowerState = true }
if ready ~= nil and unwell[ready.reason] then
  hs.status = "Degraded"
  hs.message = says("Ready")
  return hs
end

-- Ready is kept for the generation that was realised, also while the cloud does not answer.
if is("Ready") and ready.observedGeneration == obj.metadata.generation then
  if reconciling ~= nil and (reconciling.reason == "Creating" or reconciling.reason == "Updating") then
    hs.status = "Progressing"
    hs.message = says("Reconciling")
    return hs
  end
  hs.status = "Healthy"
  hs.message = says("Ready")
  if conditions["Synced"] ~= nil and conditions["Synced"].status ~= "True" then
    hs.message = hs.message .. " (" .. says("Synced") .. ")"
  end
  return hs
end

hs.status = "Progressing"
hs.message = says(reconciling ~= nil and "Synced" or "Ready")
return hs
