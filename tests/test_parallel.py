import os
import threading
import warnings
from concurrent.futures.process import BrokenProcessPool

import pytest
from joblib import parallel_config
from joblib.externals.loky.process_executor import TerminatedWorkerError
from threadpoolctl import threadpool_info

from musigenre.parallel import one_blas_thread, run_jobs


def job(i):
    return i, os.getpid(), blas_threads()


def blas_threads():
    return {info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"}


@pytest.mark.parametrize("backend", ["sequential", "threading", "multiprocessing", "loky"])
def test_every_backend_gives_every_result(backend):
    # multiprocessing hands over lists only; 200 jobs are more than one chunk.
    with parallel_config(backend, n_jobs=2):
        results = list(run_jobs(job, ((i,) for i in range(200))))
    assert sorted(i for i, _, _ in results) == list(range(200))
    in_processes = backend in {"multiprocessing", "loky"}
    assert (os.getpid() not in {pid for _, pid, _ in results}) == in_processes


def test_jobs_may_prefer_threads():
    def worker(i):
        barrier.wait(timeout=60)
        return os.getpid(), threading.get_ident()

    barrier = threading.Barrier(2)  # two at a time, or none
    results = list(run_jobs(worker, [(0,), (1,)], n_jobs=2, prefer="threads"))
    assert {pid for pid, _ in results} == {os.getpid()}
    assert len({thread for _, thread in results}) == 2
    with parallel_config("multiprocessing", n_jobs=2):  # a backend that was chosen is used
        (result,) = run_jobs(job, [(0,)], prefer="threads")
    assert result[1] != os.getpid()


def test_jobs_are_taken_as_they_are_needed():
    taken = []

    def jobs():
        for i in range(10_000):
            taken.append(i)
            yield (i,)

    results = run_jobs(job, jobs())
    next(results)
    results.close()
    assert len(taken) < 100


def test_threads_have_one_blas_thread_each():
    before = blas_threads()
    with parallel_config("threading", n_jobs=2):
        for _, _, threads in run_jobs(job, ((i,) for i in range(20))):
            assert threads <= {1}
    assert blas_threads() == before


def test_to_stop_early_is_no_reason_to_warn():
    with warnings.catch_warnings(), parallel_config("threading", n_jobs=2):
        warnings.simplefilter("error")
        results = run_jobs(job, ((i,) for i in range(50)))
        next(results)
        results.close()


def test_a_bad_number_of_jobs_is_said():
    with pytest.raises(ValueError, match="n_jobs"):
        list(run_jobs(job, [(1,)], n_jobs=0))


def fail(i):
    raise KeyError(i)


def test_what_a_job_raises_comes_through():
    with pytest.raises(KeyError, match="7"):
        list(run_jobs(fail, [(7,)]))


def end_process(i, culprits):
    if i in culprits:
        os._exit(1)
    return i


@pytest.mark.parametrize("ordered", [False, True])
def test_a_job_that_ends_its_process_is_found(ordered):
    jobs = [(i, {7, 60}) for i in range(150)]
    with parallel_config("loky", n_jobs=2):
        results = list(
            run_jobs(
                end_process,
                jobs,
                ordered=ordered,
                jobs_per_worker=20,
                on_crash=lambda i, culprits: -i,
            )
        )
    expected = [-i if i in {7, 60} else i for i in range(150)]
    assert (results if ordered else sorted(results, key=abs)) == expected


def test_a_crash_that_nobody_wants_to_hear_of_is_an_error():
    with parallel_config("loky", n_jobs=2), pytest.raises(TerminatedWorkerError):
        list(run_jobs(end_process, [(i, {3}) for i in range(10)]))
    with parallel_config("loky", n_jobs=2):  # and a later run has new processes
        assert sorted(run_jobs(end_process, [(i, {}) for i in range(10)])) == list(range(10))


def test_two_who_want_one_blas_thread_leave_as_many_as_there_were():
    before = blas_threads()
    if before == {1}:
        pytest.skip("this machine has one core")
    first_in, second_in, first_out = (threading.Event() for _ in range(3))
    seen = []

    def first():
        with one_blas_thread():
            seen.append(blas_threads())
            first_in.set()
            second_in.wait(10)
        first_out.set()

    def second():
        first_in.wait(10)
        with one_blas_thread():
            second_in.set()
            first_out.wait(10)
            seen.append(blas_threads())

    for _ in range(2):
        threads = [threading.Thread(target=target) for target in (first, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert blas_threads() == before
    with one_blas_thread():  # a thread that is over stands in nobody's way
        assert blas_threads() == {1}
    assert seen == [{1}] * 4
    assert blas_threads() == before


class Unpicklable:
    def __reduce__(self):
        return fail, (1,)


def test_a_job_that_cannot_be_sent_is_no_crash():
    with parallel_config("loky", n_jobs=2), pytest.raises(BrokenProcessPool):
        list(run_jobs(id, [(Unpicklable(),)] * 4, on_crash=lambda job: "crashed"))
