import { fileURLToPath } from 'node:url'
import { VantResolver } from '@vant/auto-import-resolver'
import vue from '@vitejs/plugin-vue'
import Components from 'unplugin-vue-components/vite'
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers'
import { defineConfig, type Plugin } from 'vite'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const server = process.env.KAIBO_DEV_SERVER ?? 'http://127.0.0.1:8600'

/** In development the desk's routes must reach desk.html, as the Python server does it in production. */
function deskFallback(): Plugin {
  return {
    name: 'kaibo-desk-fallback',
    configureServer(dev) {
      dev.middlewares.use((request, _response, next) => {
        if (/^\/desk(\/|$|\?)/.test(request.url ?? '')) request.url = '/desk.html'
        next()
      })
    },
  }
}

export default defineConfig({
  plugins: [
    vue(),
    // Vant (van-*) belongs to the buyer's pages, Element Plus (el-*) to the desk; only the used parts and their styles are bundled.
    Components({ dirs: [], dts: false, resolvers: [VantResolver(), ElementPlusResolver()] }),
    deskFallback(),
  ],
  resolve: { alias: { '@': at('./src') } },
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
  },
  build: {
    target: 'es2022',
    manifest: true,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1200,
    rollupOptions: { input: { buyer: at('./index.html'), desk: at('./desk.html') } },
  },
  server: {
    port: 5173,
    proxy: {
      '/api': server,
      '/blobs': server,
      '/live': server,
      '/nats': { target: server, ws: true },
    },
  },
  test: { environment: 'happy-dom', include: ['src/**/*.test.ts'] },
} as Parameters<typeof defineConfig>[0])
