import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import Components from 'unplugin-vue-components/vite'
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers'
import { defineConfig } from 'vitest/config'

// The host stays what the browser says, else the server takes the page for one of another site.
const server = { target: process.env.HEMASCOPE_SERVER ?? 'http://127.0.0.1:8000', changeOrigin: false }

export default defineConfig({
    plugins: [
        vue(),
        // Element Plus by need; our own components are imported where they are used.
        Components({ dirs: [], dts: false, resolvers: [ElementPlusResolver()] }),
    ],
    resolve: { alias: { '@': fileURLToPath(new URL('src', import.meta.url)) } },
    build: {
        outDir: '../src/hemascope/web/app', // the wheel carries it, `hemascope serve` serves it
        emptyOutDir: true,
        chunkSizeWarningLimit: 700,
    },
    server: { proxy: { '/api': server, '/captcha': server } },
    test: {
        environment: 'happy-dom',
        testTimeout: 30_000, // only a hanging test fails by it, also on a busy machine
        include: ['src/**/*.test.ts'],
        setupFiles: ['src/testing/setup.ts'],
        server: { deps: { inline: ['element-plus'] } },
    },
})
