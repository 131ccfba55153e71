"""The threads that search: FAISS releases the interpreter while it works, so galleries are searched in parallel."""

from concurrent.futures import ThreadPoolExecutor

import faiss


def search_threads(count: int) -> ThreadPoolExecutor:
    """One OpenMP thread each: two make a single probe twice as slow, and galleries already use the cores."""
    return ThreadPoolExecutor(count, thread_name_prefix="gallery", initializer=faiss.omp_set_num_threads, initargs=(1,))
