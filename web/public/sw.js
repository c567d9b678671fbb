/**
 * The app's shell only: hashed files that never change, and the page itself for moments without a network.
 * Never touches /api, /blobs, /live, /nats or /desk: prices, stock and orders always come from the server.
 */
const CACHE = 'kaibo-shell-1'
const SHELL = '/'
const FILES_MAX = 120

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.add(new Request(SHELL, { cache: 'reload' }))).then(() => self.skipWaiting()))
})

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches.keys().then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)))).then(() => self.clients.claim()),
  )
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== location.origin) return
  if (url.pathname.startsWith('/assets/')) event.respondWith(fromCacheFirst(request))
  else if (request.mode === 'navigate' && !/^\/(api|blobs|live|nats|desk|local)(\/|$)/.test(url.pathname)) event.respondWith(fromNetworkFirst(request))
})

/** Hashed names: what is cached is right for ever. The oldest leave when there are too many. */
async function fromCacheFirst(request) {
  const cache = await caches.open(CACHE)
  const known = await cache.match(request)
  if (known) return known
  const answer = await fetch(request)
  if (answer.ok) {
    await cache.put(request, answer.clone())
    const keys = await cache.keys()
    const files = keys.filter((key) => new URL(key.url).pathname.startsWith('/assets/'))
    await Promise.all(files.slice(0, Math.max(0, files.length - FILES_MAX)).map((key) => cache.delete(key)))
  }
  return answer
}

/** Every page is the same document; the newest one wins, the kept one stands in while the network is away. */
async function fromNetworkFirst(request) {
  const cache = await caches.open(CACHE)
  try {
    const answer = await fetch(request)
    if (answer.ok && (answer.headers.get('Content-Type') ?? '').includes('text/html')) await cache.put(SHELL, answer.clone())
    return answer
  } catch (fault) {
    const kept = await cache.match(SHELL)
    if (kept) return kept
    throw fault
  }
}
