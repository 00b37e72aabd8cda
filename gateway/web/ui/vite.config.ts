import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'
import { worker } from './vite.worker.ts'

// The page is embedded in the collector: everything it loads comes from there,
// under names that change with their content.
export default defineConfig({
  plugins: [vue(), worker()],
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
  },
  build: {
    outDir: '../dist/app',
    emptyOutDir: true,
    target: ['es2018', 'chrome70'], // the WebView of old Android phones
    cssTarget: 'chrome70',
    assetsInlineLimit: 0, // the content security policy allows no inline script
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  // `npm run dev` shows live source against the made-up county:
  // go run ./gateway/web/webtest/devserver
  server: { proxy: { '/api': 'http://127.0.0.1:8190' } },
})
