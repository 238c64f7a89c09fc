/**
 * Every message of protocol 1, its fields in order: [name, type] or, where the field may be missing, [name, type, default].
 *
 * Law: data only, and what stands between the two markers is JSON: a test reads it and compares it with the dataclasses
 * in layerlift.wire. Types: "str", "int", "float", "bool", "bytes", a value's name; "T?" may be null, "[T]" is a list,
 * "{T}" a map with text keys, "a|b" one of these, "param" a boolean, a number, text or null.
 */

// prettier-ignore
export const TABLES = /* JSON begins */
{
  "protocol": 1,
  "oldest": 1,
  "values": {
    "Problem": [["code", "str"], ["sentence", "str"], ["remedy", "str", ""], ["retryable", "bool", false]],
    "Bounds": [["x", "int"], ["y", "int"], ["width", "int"], ["height", "int"]],
    "DocumentInfo": [
      ["name", "str"], ["kind", "'pixels'|'file'", "pixels"], ["width", "int", 0], ["height", "int", 0],
      ["depth", "0|8|16", 0], ["x", "int", 0], ["y", "int", 0], ["mask", "bool", false], ["icc", "int", 0]
    ],
    "TextLine": [["content", "str"], ["quad", "[float]"], ["confidence", "float", 1.0]],
    "Text": [["lines", "[TextLine]"], ["colour", "[int]", [0, 0, 0]]],
    "LayerInfo": [
      ["index", "int"], ["name", "str"], ["role", "str"], ["bounds", "Bounds"], ["depth", "8|16"], ["size", "int"],
      ["digest", "str"], ["opacity", "float", 1.0], ["blend_mode", "str", "normal"], ["group", "[str]", []],
      ["confidence", "float", 1.0], ["text", "Text?", null]
    ],
    "EngineOffer": [
      ["name", "str"], ["title", "str"], ["operations", "[str]"], ["max_layers", "int"], ["default", "bool", false],
      ["missing", "str?", null]
    ],
    "Limits": [["side", "int"], ["pixels", "int"], ["upload", "int"], ["layers", "int"], ["jobs", "int"]],
    "ClientInfo": [["name", "str"], ["version", "str"], ["host", "str", ""], ["host_version", "str", ""]],
    "JobInfo": [
      ["job", "str"], ["name", "str"], ["client", "str"], ["operation", "str"], ["engine", "str"],
      ["state", "'queued'|'running'|'done'|'failed'|'cancelled'|'interrupted'"], ["created", "float"],
      ["mine", "bool", true], ["position", "int?", null], ["stage", "str", ""], ["fraction", "float", 0.0],
      ["eta", "float?", null], ["finished", "float?", null], ["layers", "int", 0], ["width", "int", 0],
      ["height", "int", 0], ["depth", "int", 0], ["kept", "bool", false], ["problem", "Problem?", null]
    ],
    "Device": [["device", "str"], ["name", "str"], ["paired", "float"], ["last_seen", "float"]]
  },
  "client": {
    "hello": [
      ["client", "ClientInfo"], ["token", "str?", null], ["code", "str?", null], ["device", "str?", null],
      ["protocol", "int", 1], ["oldest", "int", 1]
    ],
    "put": [["transfer", "int"], ["upload", "str"], ["size", "int"], ["document", "DocumentInfo"]],
    "submit": [
      ["job", "str"], ["operation", "'decompose'|'edit'|'generate'|'inpaint'", "decompose"], ["engine", "str?", null],
      ["upload", "str?", null], ["params", "{param}", {}], ["detached", "bool", false]
    ],
    "watch": [["job", "str"]],
    "get": [["transfer", "int"], ["job", "str"], ["layer", "int?", null], ["offset", "int", 0]],
    "stop": [["transfer", "int"]],
    "cancel": [["job", "str"]],
    "jobs": [["since", "float", 0.0]],
    "drop": [["job", "str"]],
    "keep": [["job", "str"], ["keep", "bool", true]],
    "pair": [],
    "devices": [],
    "revoke": [["device", "str"]],
    "ack": [["transfer", "int"], ["offset", "int"]],
    "chunk": [["transfer", "int"], ["offset", "int"], ["data", "bytes"]]
  },
  "server": {
    "welcome": [
      ["protocol", "int"], ["server", "str"], ["chunk", "int"], ["window", "int"], ["engines", "[EngineOffer]"],
      ["limits", "Limits"], ["owner", "bool", false], ["token", "str?", null]
    ],
    "ready": [["transfer", "int"], ["offset", "int"], ["size", "int"]],
    "queued": [["job", "str"], ["position", "int"]],
    "started": [["job", "str"], ["engine", "str"], ["attempt", "int", 1]],
    "progress": [["job", "str"], ["stage", "str"], ["fraction", "float"], ["eta", "float?", null]],
    "preview": [["job", "str"], ["width", "int"], ["height", "int"], ["png", "bytes"]],
    "layer": [["job", "str"], ["layer", "LayerInfo"]],
    "done": [
      ["job", "str"], ["layers", "int"], ["width", "int"], ["height", "int"], ["depth", "8|16"], ["icc", "int"],
      ["seconds", "float"], ["notes", "[str]", []], ["drift", "float?", null]
    ],
    "failed": [["job", "str"], ["state", "'failed'|'cancelled'|'interrupted'"], ["problem", "Problem"]],
    "job_list": [["jobs", "[JobInfo]"]],
    "dropped": [["job", "str"]],
    "pairing": [["code", "str"], ["seconds", "float"]],
    "device_list": [["devices", "[Device]"]],
    "refused": [["about", "str"], ["problem", "Problem"], ["job", "str?", null], ["transfer", "int?", null]],
    "ack": [["transfer", "int"], ["offset", "int"]],
    "chunk": [["transfer", "int"], ["offset", "int"], ["data", "bytes"]]
  }
}
/* JSON ends */;
