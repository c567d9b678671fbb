// How much script the first load of the live room fetches, and whether it keeps to its budget.
// Walks the build's manifest: the buyer's entry, the room's page and the player it always needs, with everything they import.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const ROOM_SCRIPT_GZIP_BYTES_MAX = 200_000
const dist = process.argv[2] ?? 'dist'
const ROOTS = ['index.html', 'src/app/room/RoomPage.vue']
const ALWAYS_LOADED = /(^|\/)hls\.js\/dist\/hls\.light/

const manifest = JSON.parse(readFileSync(join(dist, '.vite', 'manifest.json'), 'utf8'))
const player = Object.keys(manifest).filter((key) => ALWAYS_LOADED.test(key))
for (const key of ROOTS) {
  if (!manifest[key]) throw new Error(`${key} is not in the manifest: was it renamed? Say so in scripts/size.mjs`)
}
if (player.length !== 1) throw new Error(`expected one hls.js chunk in the manifest, found ${player.length}`)

const files = new Map()
function walk(key) {
  const chunk = manifest[key]
  if (!chunk.file.endsWith('.js') || files.has(chunk.file)) return
  const raw = readFileSync(join(dist, chunk.file))
  files.set(chunk.file, { raw: raw.length, gzip: gzipSync(raw, { level: 9 }).length })
  chunk.imports?.forEach(walk)
}
;[...ROOTS, ...player].forEach(walk)

let total = 0
for (const [file, { raw, gzip }] of [...files].sort((a, b) => b[1].gzip - a[1].gzip)) {
  total += gzip
  console.log(`${String(gzip).padStart(8)}  ${String(raw).padStart(8)}  ${file}`)
}
console.log(`${String(total).padStart(8)}  bytes of gzip script for the room's first load; budget ${ROOM_SCRIPT_GZIP_BYTES_MAX}`)
if (total > ROOM_SCRIPT_GZIP_BYTES_MAX) {
  console.error(`over the budget by ${total - ROOM_SCRIPT_GZIP_BYTES_MAX} bytes: load lazily what the first picture does not need`)
  process.exit(1)
}
