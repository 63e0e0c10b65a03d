"""A thread of one's own: calls in order, signs of life, and an end."""

import gc
import threading
import time

import pytest

from core.registry.worker import HangError, Worker


def test_those_who_wait_are_served_in_the_order_in_which_they_came():
    worker, order, threads = Worker("test", 30), [], []
    begun, go = threading.Event(), threading.Event()

    def first(progress):
        begun.set()
        go.wait(30)

    threads.append(threading.Thread(target=worker.call, args=(first,)))
    threads[0].start()
    assert begun.wait(30)
    for number in range(20):
        threads.append(threading.Thread(target=worker.call, args=(lambda progress, n=number: order.append(n),)))
        threads[-1].start()
        while worker._calls.qsize() <= number:
            time.sleep(0.001)
    go.set()
    for thread in threads:
        thread.join(10)
    assert order == list(range(20))


def test_every_call_is_made_in_the_same_thread_and_not_in_the_callers():
    worker = Worker("test", 30)
    seen = {worker.call(lambda progress: threading.get_ident()) for _ in range(3)}
    assert len(seen) == 1
    assert threading.get_ident() not in seen


def test_what_a_call_raises_reaches_its_caller_and_the_next_call_works():
    worker = Worker("test", 30)
    for error in (ValueError("no"), TimeoutError("of its own"), SystemExit(3)):

        def fail(progress, error=error):
            raise error

        with pytest.raises(type(error)) as raised:
            worker.call(fail)
        assert raised.value is error
    assert worker.call(lambda progress: 7) == 7


def test_a_call_that_is_given_up_goes_on_and_its_progress_reaches_nobody():
    worker, go, gone_on, heard = Worker("test", 0.1), threading.Event(), threading.Event(), []

    def slow(progress):
        progress(0.1, "before")
        go.wait(30)
        progress(0.9, "after")
        gone_on.set()

    with pytest.raises(HangError):
        worker.call(slow, lambda fraction, words: heard.append(words))
    go.set()
    assert gone_on.wait(30)
    assert heard == ["before"]


def test_the_thread_ends_with_its_worker():
    worker = Worker("a worker that ends", 30)
    worker.call(lambda progress: None)
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "a worker that ends"]
    del worker
    gc.collect()
    thread.join(10)
    assert not thread.is_alive()
