import { mount, type ComponentMountingOptions } from '@vue/test-utils'
import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { createPinia } from 'pinia'
import type { Component } from 'vue'
import { createMemoryHistory, createRouter, type RouteRecordRaw } from 'vue-router'
import { i18n } from '@/i18n'

const ANY_PAGE: RouteRecordRaw = { path: '/:any(.*)*', component: { template: '<div />' } }

/** Mounts a component as the programme would: texts, store, cache and a router that knows every address. */
export async function mountInApp(
    component: Component,
    options: ComponentMountingOptions<Component> = {},
    path = '/',
) {
    const router = createRouter({ history: createMemoryHistory(), routes: [ANY_PAGE] })
    await router.push(path)
    const queryClient = new QueryClient({ defaultOptions: { queries: { retry: false } } })
    const wrapper = mount(component, {
        attachTo: document.body,
        ...options,
        global: {
            ...options.global,
            plugins: [createPinia(), i18n, router, [VueQueryPlugin, { queryClient }]],
        },
    })
    return { wrapper, router, queryClient }
}
