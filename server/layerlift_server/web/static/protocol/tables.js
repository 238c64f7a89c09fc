/**
 * Every message of protocol 1, its fields in order: [name, type] or, where the field may be missing, [name, type, default].
 *
 * Law: data only, and what stands between the two markers is JSON: a test reads it and compares it with the dataclasses
 * in layerlift.wire. Types: "str a..b" and "bytes a..b" (so many bytes of UTF-8), "int a..b", "float a..b", "bool", "~name"
 * (a text like that pattern), a value's name, "param" (a boolean, a number, text or null); "T?" may be null, "[T] a..b" is
 * a list of so many, "{T} a..b" a map with words for keys, "a|b" one of these.
 */

// prettier-ignore
export const TABLES = /* JSON begins */
{
  "protocol": 1,
  "oldest": 1,
  "limits": {"chunk": 262144, "message": 266240, "upload": 1099511627776, "word": 100},
  "patterns": {"uuid": "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "digest": "[0-9a-f]{64}", "code": "[0-9]{6}", "polygon": "\\d{1,7},\\d{1,7}( \\d{1,7},\\d{1,7}){2,}"},
  "values": {
    "Problem": [
      ["code", "str 0..100"], ["sentence", "str 0..500"], ["remedy", "str 0..500", ""], ["retryable", "bool", false]
    ],
    "Bounds": [
      ["x", "int -10000000..10000000"], ["y", "int -10000000..10000000"], ["width", "int 1..1000000"],
      ["height", "int 1..1000000"]
    ],
    "Native": [["channels", "int 1..4"], ["depth", "8|16"]],
    "NativePixels": [
      ["channels", "int 1..4"], ["depth", "8|16"], ["size", "int 0..1099511627776"], ["digest", "~digest"]
    ],
    "DocumentInfo": [
      ["name", "str 0..255"], ["kind", "'pixels'|'file'", "pixels"], ["width", "int 0..1000000", 0],
      ["height", "int 0..1000000", 0], ["depth", "0|8|16", 0], ["x", "int -10000000..10000000", 0],
      ["y", "int -10000000..10000000", 0], ["mask", "bool", false], ["icc", "int 0..16777216", 0],
      ["native", "Native?", null]
    ],
    "TextLine": [
      ["content", "str 0..500"], ["quad", "[float -10000000..10000000] 8..8"], ["confidence", "float 0..1", 1.0]
    ],
    "Text": [["lines", "[TextLine] 0..256"], ["colour", "[int 0..255] 3..3", [0, 0, 0]]],
    "LayerInfo": [
      ["index", "int 0..1024"], ["name", "str 0..255"], ["role", "str 0..100"], ["bounds", "Bounds"],
      ["depth", "8|16"], ["size", "int 0..1099511627776"], ["digest", "~digest"], ["opacity", "float 0..1", 1.0],
      ["blend_mode", "str 0..100", "normal"], ["group", "[str 0..255] 0..16", []], ["confidence", "float 0..1", 1.0],
      ["text", "Text?", null], ["native", "NativePixels?", null]
    ],
    "EngineOffer": [
      ["name", "str 0..100"], ["title", "str 0..255"], ["operations", "[str 0..100] 0..16"],
      ["max_layers", "int 0..1024"], ["default", "bool", false], ["missing", "str 0..500?", null]
    ],
    "Limits": [
      ["side", "int 0..1000000"], ["pixels", "int 0..9007199254740991"], ["upload", "int 0..1099511627776"],
      ["layers", "int 0..1024"], ["jobs", "int 0..9007199254740991"]
    ],
    "ClientInfo": [
      ["name", "str 0..255"], ["version", "str 0..100"], ["host", "str 0..255", ""],
      ["host_version", "str 0..100", ""]
    ],
    "JobInfo": [
      ["job", "~uuid"], ["name", "str 0..255"], ["client", "str 0..255"], ["operation", "str 0..100"],
      ["engine", "str 0..100"], ["state", "'queued'|'running'|'done'|'failed'|'cancelled'|'interrupted'"],
      ["created", "float 0..9007199254740991"], ["mine", "bool", true],
      ["position", "int 1..9007199254740991?", null], ["stage", "str 0..100", ""], ["fraction", "float 0..1", 0.0],
      ["eta", "float 0..9007199254740991?", null], ["finished", "float 0..9007199254740991?", null],
      ["layers", "int 0..1024", 0], ["width", "int 0..1000000", 0], ["height", "int 0..1000000", 0],
      ["depth", "0|8|16", 0], ["kept", "bool", false], ["problem", "Problem?", null]
    ],
    "Device": [
      ["device", "~uuid"], ["name", "str 0..255"], ["paired", "float 0..9007199254740991"],
      ["last_seen", "float 0..9007199254740991"]
    ]
  },
  "client": {
    "hello": [
      ["client", "ClientInfo"], ["token", "str 0..200?", null], ["code", "~code?", null],
      ["device", "str 0..255?", null], ["protocol", "int 1..65535", 1], ["oldest", "int 1..65535", 1]
    ],
    "put": [
      ["transfer", "int 0..4294967295"], ["upload", "~uuid"], ["size", "int 0..1099511627776"],
      ["document", "DocumentInfo"]
    ],
    "submit": [
      ["job", "~uuid"], ["operation", "'decompose'|'edit'|'generate'|'inpaint'|'extend'|'harmonise'", "decompose"],
      ["engine", "str 0..100?", null], ["upload", "~uuid?", null], ["params", "{param} 0..32", {}],
      ["detached", "bool", false]
    ],
    "watch": [["job", "~uuid"]],
    "get": [
      ["transfer", "int 0..4294967295"], ["job", "~uuid"], ["layer", "int 0..1024?", null],
      ["offset", "int 0..1099511627776", 0], ["native", "bool", false]
    ],
    "stop": [["transfer", "int 0..4294967295"]],
    "cancel": [["job", "~uuid"]],
    "jobs": [["since", "float 0..9007199254740991", 0.0]],
    "drop": [["job", "~uuid"]],
    "keep": [["job", "~uuid"], ["keep", "bool", true]],
    "pair": [],
    "devices": [],
    "revoke": [["device", "~uuid"]],
    "ack": [["transfer", "int 0..4294967295"], ["offset", "int 0..1099511627776"]]
  },
  "server": {
    "welcome": [
      ["protocol", "int 1..65535"], ["server", "str 0..255"], ["chunk", "int 1..262144"],
      ["window", "int 1..8388608"], ["engines", "[EngineOffer] 0..32"], ["limits", "Limits"],
      ["owner", "bool", false], ["token", "str 0..200?", null], ["native", "bool", false]
    ],
    "ready": [
      ["transfer", "int 0..4294967295"], ["offset", "int 0..1099511627776"], ["size", "int 0..1099511627776"]
    ],
    "queued": [["job", "~uuid"], ["position", "int 1..9007199254740991"]],
    "started": [["job", "~uuid"], ["engine", "str 0..100"], ["attempt", "int 1..9007199254740991", 1]],
    "progress": [
      ["job", "~uuid"], ["stage", "str 0..100"], ["fraction", "float 0..1"],
      ["eta", "float 0..9007199254740991?", null]
    ],
    "preview": [
      ["job", "~uuid"], ["width", "int 1..1000000"], ["height", "int 1..1000000"], ["png", "bytes 0..262144"]
    ],
    "layer": [["job", "~uuid"], ["layer", "LayerInfo"]],
    "done": [
      ["job", "~uuid"], ["layers", "int 0..1024"], ["width", "int 1..1000000"], ["height", "int 1..1000000"],
      ["depth", "8|16"], ["icc", "int 0..16777216"], ["seconds", "float 0..9007199254740991"],
      ["notes", "[str 0..500] 0..32", []], ["drift", "float 0..1?", null]
    ],
    "failed": [["job", "~uuid"], ["state", "'failed'|'cancelled'|'interrupted'"], ["problem", "Problem"]],
    "job_list": [["jobs", "[JobInfo] 0..100"]],
    "dropped": [["job", "~uuid"]],
    "pairing": [["code", "~code"], ["seconds", "float 0..9007199254740991"]],
    "device_list": [["devices", "[Device] 0..100"]],
    "refused": [
      ["about", "str 0..100"], ["problem", "Problem"], ["job", "~uuid?", null],
      ["transfer", "int 0..4294967295?", null]
    ],
    "ack": [["transfer", "int 0..4294967295"], ["offset", "int 0..1099511627776"]]
  },
  "params": {
    "decompose": [
      ["steps", "int 1..200?", null], ["guidance", "float 0..20?", null], ["negative", "str 0..3000?", null],
      ["fast", "bool", false], ["resolution", "640|1024?", null], ["seed", "int 0..4294967295", 0],
      ["layers", "int 1..1024?", null], ["what", "str 0..3000?", null], ["text", "'block'|'line'", "block"],
      ["edges", "'fast'|'careful'", "fast"], ["source", "~uuid?", null], ["layer", "int 0..1024?", null]
    ],
    "edit": [
      ["steps", "int 1..200?", null], ["guidance", "float 0..20?", null], ["negative", "str 0..3000?", null],
      ["fast", "bool", false], ["resolution", "640|1024?", null], ["seed", "int 0..4294967295", 0],
      ["prompt", "str 0..3000"], ["alpha", "'keep'|'matte'", "keep"], ["source", "~uuid?", null],
      ["layer", "int 0..1024?", null]
    ],
    "generate": [
      ["steps", "int 1..200?", null], ["guidance", "float 0..20?", null], ["negative", "str 0..3000?", null],
      ["fast", "bool", false], ["resolution", "640|1024?", null], ["seed", "int 0..4294967295", 0],
      ["prompt", "str 0..3000"], ["width", "int 1..1000000?", null], ["height", "int 1..1000000?", null],
      ["strength", "float 0..1?", null], ["layers", "int 0..1024?", null]
    ],
    "inpaint": [
      ["steps", "int 1..200?", null], ["guidance", "float 0..20?", null], ["negative", "str 0..3000?", null],
      ["fast", "bool", false], ["resolution", "640|1024?", null], ["seed", "int 0..4294967295", 0],
      ["prompt", "str 0..3000?", null], ["feather", "int 0..4096", 0], ["selection", "~polygon?", null],
      ["source", "~uuid?", null]
    ],
    "extend": [
      ["steps", "int 1..200?", null], ["guidance", "float 0..20?", null], ["negative", "str 0..3000?", null],
      ["fast", "bool", false], ["resolution", "640|1024?", null], ["seed", "int 0..4294967295", 0],
      ["left", "int 0..1000000", 0], ["top", "int 0..1000000", 0], ["right", "int 0..1000000", 0],
      ["bottom", "int 0..1000000", 0], ["prompt", "str 0..3000?", null], ["source", "~uuid?", null]
    ],
    "harmonise": [
      ["steps", "int 1..200?", null], ["guidance", "float 0..20?", null], ["negative", "str 0..3000?", null],
      ["fast", "bool", false], ["resolution", "640|1024?", null], ["seed", "int 0..4294967295", 0],
      ["prompt", "str 0..3000?", null], ["selection", "~polygon?", null], ["source", "~uuid?", null]
    ]
  }
}
/* JSON ends */;
