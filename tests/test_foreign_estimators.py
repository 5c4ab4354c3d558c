"""Estimators of scikit-learn in model files: whole, or refused before anything comes of them."""

import io
import json
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SelectFromModel, SelectKBest, VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC, NuSVC
from sklearn.tree import DecisionTreeClassifier

from model_files import npy, rewrite
from musigenre import CoupledSVC, archive, foreign_estimators, persistence
from musigenre.archive import ModelFileError
from musigenre.foreign_estimators import dumps, loads
from musigenre.zip_entries import Room


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 6))
    y = np.array(["jazz", "pop", "rock"] * 30)
    X[y == "rock", 0] += 2
    X[y == "jazz", 1] += 2
    return X, y


def forest():
    return RandomForestClassifier(5, max_depth=3, random_state=0)


MODELS = [
    forest(),
    ExtraTreesClassifier(4, random_state=0),
    DecisionTreeClassifier(random_state=0),
    AdaBoostClassifier(n_estimators=4, random_state=0),
    BaggingClassifier(DecisionTreeClassifier(), n_estimators=3, random_state=0),
    GaussianNB(),
    LogisticRegressionCV(
        Cs=2, l1_ratios=(0.0,), use_legacy_attributes=False, scoring="neg_log_loss"
    ),
    MLPClassifier((4,), max_iter=400, solver="lbfgs", random_state=0),
    CalibratedClassifierCV(LinearDiscriminantAnalysis(), cv=3),
    CalibratedClassifierCV(SVC(), cv=3, ensemble=False),
    VotingClassifier([("a", forest()), ("b", LogisticRegression())], voting="soft"),
    StackingClassifier([("a", forest()), ("b", GaussianNB())], LogisticRegression(), cv=2),
    make_pipeline(PCA(3), LogisticRegression()),
    make_pipeline(PowerTransformer(), SimpleImputer(), GaussianNB()),
    make_pipeline(MinMaxScaler(), PolynomialFeatures(), VarianceThreshold(), LogisticRegression()),
    make_pipeline(RobustScaler(), Nystroem(n_components=9, random_state=0), LogisticRegression()),
    make_pipeline(KBinsDiscretizer(3, encode="ordinal", quantile_method="linear"), GaussianNB()),
    make_pipeline(SelectFromModel(forest()), GaussianNB()),
    make_pipeline(VotingClassifier([("a", make_pipeline(StandardScaler(), SVC()))])),
    make_pipeline(QuantileTransformer(n_quantiles=9), PCA(2, random_state=1), forest()),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_round_trip(model, data, tmp_path):
    X, y = data
    fitted = clone(model).fit(X, y)
    persistence.save(fitted, tmp_path / "model")
    loaded = persistence.load(tmp_path / "model", type(model))
    assert str(loaded.get_params()) == str(fitted.get_params())
    does = "predict_proba" if hasattr(fitted, "predict_proba") else "predict"
    np.testing.assert_array_equal(getattr(loaded, does)(X), getattr(fitted, does)(X))
    np.testing.assert_array_equal(loaded.fit(X, y).predict(X), fitted.predict(X))


def test_settings_of_the_machine_are_not_loaded(data, tmp_path):
    model = RandomForestClassifier(3, n_jobs=500, verbose=1, random_state=0)
    persistence.save(model.set_params(n_jobs=1, verbose=0).fit(*data), tmp_path / "model")
    persistence.save(model.set_params(n_jobs=500, verbose=1), tmp_path / "model")
    loaded = persistence.load(tmp_path / "model", RandomForestClassifier)
    assert (loaded.n_jobs, loaded.verbose) == (None, 0)
    assert loaded.predict(data[0]).shape == (90,)


def test_a_generator_as_random_state(data, tmp_path):
    model = forest().set_params(random_state=np.random.RandomState(0)).fit(*data)
    persistence.save(model, tmp_path / "model")
    loaded = persistence.load(tmp_path / "model", RandomForestClassifier)
    np.testing.assert_array_equal(loaded.predict_proba(data[0]), model.predict_proba(data[0]))


def own_function(X):
    return X


class OwnForest(RandomForestClassifier):
    pass


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (HistGradientBoostingClassifier(max_iter=2), "HistGradientBoostingClassifier"),
        (GradientBoostingClassifier(n_estimators=2), "is not plain data|GradientBoosting"),
        (KNeighborsClassifier(), "KNeighborsClassifier"),
        (NuSVC(), "holds a sklearn.svm._classes.NuSVC"),
        (make_pipeline(SelectKBest(k=2), GaussianNB()), "SelectKBest"),
        (FunctionTransformer(own_function), "FunctionTransformer"),
        (FunctionTransformer(np.log1p), "FunctionTransformer"),
        (SGDClassifier(), "SGDClassifier"),
        (VotingClassifier([("a", CoupledSVC(random_state=0))]), "CoupledSVC"),
        (BaggingClassifier(OwnForest(2), n_estimators=2), "OwnForest"),
        (CalibratedClassifierCV(GaussianNB(), method="isotonic", cv=2), "IsotonicRegression"),
        (OwnForest(2), "OwnForest cannot be saved without pickle"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_refused_says_why(model, message, data, tmp_path):
    fitted = model.fit(*data)
    with pytest.raises(TypeError, match=message):
        persistence.save(fitted, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_another_version_of_scikit_learn_is_told(data, tmp_path):
    persistence.save(clone(MODELS[0]).fit(*data), tmp_path / "model")
    rewrite(tmp_path / "model", lambda h: h["versions"].update({"scikit-learn": "1.2.3"}))
    with pytest.warns(UserWarning, match=r"1\.2\.3.*they may predict otherwise"):
        persistence.load(tmp_path / "model", RandomForestClassifier)
    # What is saved by its own attributes means the same in all versions.
    persistence.save(StandardScaler().fit(data[0]), tmp_path / "scaler")
    rewrite(tmp_path / "scaler", lambda h: h["versions"].update({"scikit-learn": "1.2.3"}))
    persistence.load(tmp_path / "scaler", StandardScaler)


@pytest.fixture(scope="module")
def saved(data):
    return dumps(forest().fit(*data))


def changed(data, change=lambda schema: None, **entries):
    """Write an archive of skops anew."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(content["schema.json"])
    change(schema)
    content["schema.json"] = json.dumps(schema).encode()
    content |= {name.replace("__", "."): entry for name, entry in entries.items()}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, entry in content.items():
            archive.writestr(name, entry)
    return file.getvalue()


def node(loader, module, name, **content):
    return {"__loader__": loader, "__module__": module, "__class__": name, **content}


TEXT = node("JsonNode", "builtins", "str", content='"echo executed"')
ARGUMENTS = node("TupleNode", "builtins", "tuple", content=[TEXT])
HOSTILE = [
    node("FunctionNode", "os", "system"),
    node("FunctionNode", "numpy", "log1p"),
    node("TypeNode", "os", "system"),
    node("TypeNode", "subprocess", "Popen"),
    node("ObjectNode", "subprocess", "Popen", content=None),
    node("ObjectNode", "sklearn.svm._classes", "NuSVC", content=None),
    node("ConstructorFromReduceNode", "subprocess", "Popen", content=ARGUMENTS),
    node("MethodNode", "os", "system", content={"obj": TEXT, "func": "upper"}),
    node("OperatorFuncNode", "operator", "methodcaller", attrs=ARGUMENTS),
    node("PartialNode", "functools", "partial", content={"func": TEXT}),
    node("ListNode", "subprocess", "Popen", content=[TEXT]),
    node("DictNode", "os", "system", content={}, key_types=ARGUMENTS),
    node("BytesNode", "builtins", "bytes", file="schema.json"),
    node("SparseMatrixNode", "scipy.sparse", "csr_matrix", type="scipy", file="schema.json"),
    node("ReduceNode", "os", "system", content=ARGUMENTS),
    node("UnknownNode", "os", "system"),
    node("CachedNode", "os", "system"),
    node("NdArrayNode", "os", "system", type="numpy", file="missing.npy"),
    node("NdArrayNode", "os", "system", type="json", content=[TEXT], shape=ARGUMENTS),
]


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda n: f"{n['__loader__']}-{n['__class__']}")
@pytest.mark.parametrize("protocol", [0, 1, None])
def test_a_hostile_payload_is_refused_and_not_executed(saved, hostile, protocol, monkeypatch):
    def add(schema):
        schema["content"]["content"]["criterion"] = hostile
        if protocol is not None:  # of an earlier version, which knows older ways to read
            schema["protocol"] = protocol

    monkeypatch.setattr("os.system", lambda *a: pytest.fail("executed"))
    monkeypatch.setattr("subprocess.Popen", lambda *a: pytest.fail("executed"))
    with pytest.raises((ValueError, TypeError, KeyError)):
        loads(changed(saved, add))


def test_a_hostile_payload_in_a_model_file(data, saved, tmp_path):
    persistence.save(forest().fit(*data), tmp_path / "model")
    hostile = changed(saved, lambda s: s["content"]["content"].update(criterion=HOSTILE[0]))
    rewrite(tmp_path / "model", entries={"estimators/0000.skops": hostile})
    with pytest.raises(ModelFileError, match=r"holds a os\.system, which is not plain data"):
        persistence.load(tmp_path / "model", RandomForestClassifier)


def objects(schema, name):
    return [n for n in foreign_estimators._nodes(schema) if n["__class__"] == name]


def test_other_things_than_an_estimator(saved):
    with pytest.raises(ValueError, match="instead of an estimator"):
        loads(changed(saved, lambda s: (s.clear(), s.update(TEXT, protocol=2))))
    for data in (b"", b"hello", npy(np.zeros(3))):
        with pytest.raises(ValueError, match="is damaged"):
            loads(data)


def test_the_archive_inside_has_the_same_limits(saved, monkeypatch):
    with pytest.raises(ValueError, match="of a kind that no model has"):
        loads(changed(saved, evil__py=b"x"))
    with pytest.raises(ValueError, match="name"):
        loads(changed(saved, **{"../evil__npy": npy(np.zeros(3))}))
    file = io.BytesIO()
    np.save(file, np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="array of objects"):
        loads(changed(saved, evil__npy=file.getvalue()))
    monkeypatch.setattr(foreign_estimators, "_MAX_ARRAY_BYTES", 10_000)
    with pytest.raises(ValueError, match="more than 10000 bytes"):
        loads(changed(saved, big__npy=npy(np.zeros(10_000))))


def test_an_array_named_again_and_again_counts_each_time(saved):
    def repeat(schema):
        (array, *_) = (n for n in foreign_estimators._nodes(schema) if "file" in n)
        schema["content"]["content"]["criterion"] = node(
            "ListNode", "builtins", "list", content=[array | {"__id__": -i} for i in range(1000)]
        )

    big = changed(saved, repeat, **array_of_bytes(saved, 10_000))
    with pytest.raises(ValueError, match="more than 10000000 bytes"):
        loads(big, Room(10_000_000))
    assert len(big) < 1_000_000  # it is not the text that takes them


def array_of_bytes(saved, n):
    with zipfile.ZipFile(io.BytesIO(saved)) as archive:
        schema = json.loads(archive.read("schema.json"))
    (array, *_) = (n for n in foreign_estimators._nodes(schema) if "file" in n)
    return {array["file"]: npy(np.zeros(n, np.uint8))}


def test_all_estimators_of_a_file_share_the_room(data, tmp_path, monkeypatch):
    union = FeatureUnion([("a", PCA(1)), ("b", PCA(1))]).fit(data[0])
    persistence.save(union, tmp_path / "union")
    room = Room(10**9)
    loads(dumps(union.transformer_list[0][1]), room)
    monkeypatch.setattr(archive, "_MAX_BYTES", 2 * room.taken)
    persistence.load(tmp_path / "union", FeatureUnion)
    monkeypatch.setattr(archive, "_MAX_BYTES", 2 * room.taken - 1)
    with pytest.raises(ModelFileError, match="it takes more than"):
        persistence.load(tmp_path / "union", FeatureUnion)
    monkeypatch.undo()

    def twice(header):
        header["model"]["transformers"][1][1]["scikit-learn"] = 0

    rewrite(tmp_path / "union", twice)
    with pytest.raises(ModelFileError, match="refers twice to number 0 of the estimators"):
        persistence.load(tmp_path / "union", FeatureUnion)


def test_a_random_generator_beyond_its_end_is_refused(data):
    """NumPy takes any position, and reads there."""
    generator = np.random.RandomState(0)
    model = DummyClassifier(strategy="stratified", random_state=generator).fit(*data)
    assert loads(dumps(model)).predict(data[0]).shape == (90,)
    for position in (625, 2**30, -1):
        state = generator.get_state(legacy=False)
        state["state"]["pos"] = position
        generator.set_state(state)
        with pytest.raises(TypeError, match="random generator whose state does not fit"):
            dumps(model)


def test_a_folder_for_pickles_is_not_loaded(data, tmp_path):
    model = VotingClassifier([("a", make_pipeline(PCA(2), GaussianNB(), memory=str(tmp_path)))])
    saved = dumps(model.fit(*data))
    loaded = loads(saved)
    assert loaded.estimators[0][1].memory is None
    assert loaded.estimators_[0].memory is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("left_child", 10**6),
        ("left_child", 0),  # for ever in a circle
        ("right_child", -5),
        ("right_child", 2**31),
        ("feature", 6),
        ("feature", -3),
    ],
)
def test_a_tree_that_leads_beyond_its_arrays_is_refused(saved, field, value):
    """scikit-learn follows it without a look."""
    with zipfile.ZipFile(io.BytesIO(saved)) as archive:
        arrays = {n: np.load(io.BytesIO(archive.read(n))) for n in archive.namelist() if "npy" in n}
    name, nodes = next((n, a) for n, a in arrays.items() if a.dtype.names)
    nodes[field][0] = value
    with pytest.raises(ValueError, match="whose nodes do not fit together"):
        loads(changed(saved, **{name: npy(nodes)}))


def test_a_tree_that_states_more_nodes_than_it_has_is_refused(data):
    """Some versions of scikit-learn believe the number, and give arrays of that length."""
    owner = DecisionTreeClassifier().fit(*data)
    tree = SimpleNamespace(node_count=10**9, capacity=owner.tree_.capacity)
    with pytest.raises(ValueError, match="of more nodes than it has"):
        foreign_estimators._check_tree(SimpleNamespace(tree_=tree))


def test_a_tree_for_other_data_is_refused(saved):
    def fewer(schema):
        for i, tree in enumerate(objects(schema, "DecisionTreeClassifier")):
            fitted = tree["content"]["content"].get("n_features_in_", {})
            fitted |= {"content": "3", "__id__": -i}

    with pytest.raises(ValueError, match="whose nodes do not fit together"):
        loads(changed(saved, fewer))


def test_a_machine_inside_is_checked_too(data, saved):
    machine = dumps(CalibratedClassifierCV(SVC(), cv=3, ensemble=False).fit(*data))

    def other_kernel(schema):
        for svc in objects(schema, "SVC"):
            svc["content"]["content"]["kernel"]["content"] = '"precomputed"'

    with pytest.raises(ValueError, match="kernel 'precomputed'"):
        loads(changed(machine, other_kernel))


def test_allowed_classes_are_there():
    names = foreign_estimators._allowed_names()
    listed = sum(map(len, foreign_estimators.ALLOWED.values()))
    assert len(names) >= listed
    assert all(name.startswith("sklearn.") for name in names)
