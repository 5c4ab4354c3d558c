import os
import warnings

import pytest
from joblib import parallel_config
from threadpoolctl import threadpool_info

from musigenre.parallel import run_jobs


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
