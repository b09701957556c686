import { onBeforeUnmount, ref, watch, type Ref } from 'vue'

/** The inner width of an element, followed as it changes. */
export function useElementSize(element: Ref<HTMLElement | null>) {
    const width = ref(0)
    const observer = new ResizeObserver(([entry]) => {
        if (entry) width.value = entry.contentRect.width
    })
    watch(
        element,
        (found) => {
            observer.disconnect()
            if (found) observer.observe(found)
        },
        { flush: 'post', immediate: true },
    )
    onBeforeUnmount(() => observer.disconnect())
    return { width }
}
