"""Protocols: which one goes with which data, the 32 -> 11 merge by hand, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from camvid_tools import classes, groups
from eval import confusion, metrics, protocols

NAMES32 = classes.camvid32().names
SEGNET = classes.segnet11().names  # the eleven and Void
ELEVEN = SEGNET[:11]
ID32 = {name: i for i, name in enumerate(NAMES32)}
ID11 = {name: i for i, name in enumerate(ELEVEN)}


def renamed(names, **new):
    return tuple(new.get(name, name) for name in names)


def count(protocol, truth, prediction):
    """[K,K+1] of lists of palette ids."""
    maps = (np.array([ids], np.uint8) for ids in (truth, prediction))
    return protocol.regroup(confusion.confusion(*maps, classes=len(protocol.mapping)))


@pytest.mark.parametrize(
    "names, expected",
    [
        (NAMES32, "camvid32"),
        (NAMES32[::-1], "camvid32"),
        (renamed(NAMES32, Void="Unlabelled", Bicyclist="Byciclist", Column_Pole="Pole"), "camvid32"),
        (renamed(NAMES32, VegetationMisc="VegetagtionMisc", CartLuggagePram="CarLuggage"), "camvid32"),
        (tuple(name.upper() for name in NAMES32), "camvid32"),
        (tuple(name for name in NAMES32 if name != "Void"), "camvid32"),
        (tuple(name for name in NAMES32 if name != "Bridge"), "palette"),
        (renamed(NAMES32, Sidewalk="Pavement"), "palette"),
        (NAMES32 + ("Ego",), "palette"),
        (renamed(NAMES32, Animal="Bike"), "palette"),  # Bicyclist twice
        (SEGNET, "camvid11"),
        (ELEVEN, "camvid11"),
        (renamed(SEGNET, Pavement="Sidewalk", Pole="Column_Pole", Void="background"), "camvid11"),
        (SEGNET + ("Road_marking",), "palette"),
        (SEGNET + ("Sidewalk",), "palette"),  # Pavement twice
        (("Water", "Boat", "Void"), "palette"),
    ],
)
def test_the_data_choose_the_protocol(names, expected):
    assert protocols.resolve(None, names).name == expected


def test_a_row_of_unknown_name_is_recognised_by_camvids_colour():
    table = classes.camvid32()
    names = renamed(NAMES32, Truck_Bus="Lorry")
    assert protocols.resolve(None, names).name == "palette"
    found = protocols.resolve(None, names, table.colour_array())
    assert found.name == "camvid32" and "Lorry" in found.classes
    assert protocols.resolve(None, names, table.colour_array()[::-1]).name == "palette"


def test_an_unknown_protocol_names_the_existing_ones():
    with pytest.raises(ValueError, match="'pascal'.*camvid11, camvid32, modelzoo, palette"):
        protocols.resolve("pascal", NAMES32)


@pytest.mark.parametrize("name", ["camvid11", "camvid32"])
def test_a_protocol_that_does_not_fit_says_which_class_is_missing(name):
    with pytest.raises(ValueError, match="%s does not fit.*32 classes: missing Wall" % name):
        protocols.resolve(name, [n for n in NAMES32 if n != "Wall"])
    with pytest.raises(ValueError, match="%s does not fit.*missing .*Fence" % name):
        protocols.resolve(name, ["Road", "Sky"])
    with pytest.raises(ValueError, match="%s does not fit.*unknown or twice Ego" % name):
        protocols.resolve(name, NAMES32 + ("Ego",))


def test_camvid11_asks_only_for_classes_that_it_scores():
    group_of = groups.read_groups("segnet11")
    names = [name for name in NAMES32 if group_of[name] != "Void"]
    assert protocols.resolve("camvid11", names).classes == ELEVEN
    with pytest.raises(ValueError, match="Animal"):
        protocols.resolve("camvid32", names)


def test_data_of_nothing_but_void_have_no_protocol():
    with pytest.raises(ValueError, match="no class.*Void"):
        protocols.resolve(None, ["Void"])


def test_camvid11_merges_truth_and_prediction_of_the_32():
    protocol = protocols.resolve("camvid11", NAMES32)
    assert protocol.classes == ELEVEN
    truth = ["Road", "LaneMkgsDriv", "RoadShoulder", "Wall", "SUVPickupTruck", "Sidewalk", "Column_Pole"]
    seen = ["LaneMkgsNonDriv", "Road", "Road", "Building", "Truck_Bus", "Road", "Misc_Text"]
    counts = count(protocol, [ID32[n] for n in truth], [ID32[n] for n in seen])
    expected = np.zeros((11, 12), np.int64)
    expected[ID11["Road"], ID11["Road"]] = 3
    expected[ID11["Building"], ID11["Building"]] = expected[ID11["Car"], ID11["Car"]] = 1
    expected[ID11["Pavement"], ID11["Road"]] = expected[ID11["Pole"], ID11["SignSymbol"]] = 1
    np.testing.assert_array_equal(counts, expected)


def test_a_class_that_goes_to_void_is_left_out_of_truth_and_a_miss_when_predicted():
    protocol = protocols.resolve("camvid11", NAMES32)
    road, sky, archway, child = (ID32[n] for n in ("Road", "Sky", "Archway", "Child"))
    counts = count(protocol, [archway, child, road, road, sky, 255], [road, child, road, archway, sky, road])
    scores = metrics.score(counts, protocol.classes)
    assert sum(scores.pixels) == 3  # Archway, Child and 255 are no truth
    assert scores.iou[ID11["Road"]] == 0.5 and scores.accuracy[ID11["Road"]] == 0.5
    assert scores.precision[ID11["Road"]] == 1.0  # Archway called Road is no false positive
    assert scores.iou[ID11["Sky"]] == 1.0
    assert scores.other[ID11["Road"]] == 1 and sum(scores.other) == 1
    assert "Archway" in protocol.ignored and "Void" in protocol.ignored


@pytest.mark.parametrize("names", [SEGNET, ELEVEN, renamed(SEGNET, Pavement="Sidewalk")[::-1]])
def test_camvid11_takes_segnets_own_palette_in_any_order(names):
    protocol = protocols.resolve("camvid11", names)
    assert protocol.classes == ELEVEN
    car = list(names).index("Car")
    assert protocol.mapping[car] == ID11["Car"]
    assert protocol.ignored == (("Void",) if "Void" in names else ())


@pytest.mark.parametrize("name, names", [("camvid32", NAMES32), ("palette", NAMES32), ("camvid11", SEGNET)])
def test_void_called_road_costs_nothing_and_road_called_void_is_a_miss(name, names):
    protocol = protocols.resolve(name, names)
    road, sky, void = (list(names).index(n) for n in ("Road", "Sky", "Void"))
    perfect = metrics.score(count(protocol, [road, sky, void], [road, sky, road]), protocol.classes)
    assert perfect.mean_iou == perfect.pixel_accuracy == 1.0
    missed = metrics.score(count(protocol, [road, road, sky], [road, void, sky]), protocol.classes)
    assert missed.mean_iou == 0.75 and missed.pixel_accuracy == pytest.approx(2 / 3)


def test_modelzoo_scores_void_and_classes_that_were_only_predicted():
    protocol = protocols.resolve("modelzoo", NAMES32)
    assert protocol.classes == NAMES32 and protocol.ignored == ()
    road, sky, void, car = (ID32[n] for n in ("Road", "Sky", "Void", "Car"))
    counts = count(protocol, [road, road, sky, void, 255], [road, car, sky, road, road])
    # Road 1/3, Sky 1, Void 0, Car 0
    assert metrics.score(counts, NAMES32, protocol.mean_over).mean_iou == pytest.approx((1 / 3 + 1) / 4)
    assert metrics.score(counts, NAMES32).mean_iou == pytest.approx((1 / 3 + 1) / 3)


def test_void_called_road_under_modelzoos_rule_loses_what_the_others_give():
    truth = [ID32["Road"]] * 60 + [ID32["Sky"]] * 10 + [ID32["Void"]] * 30
    seen = [ID32["Road"]] * 60 + [ID32["Sky"]] * 10 + [ID32["Road"]] * 30
    means = {}
    for name in ("modelzoo", "camvid32"):
        protocol = protocols.resolve(name, NAMES32)
        means[name] = metrics.score(count(protocol, truth, seen), protocol.classes, protocol.mean_over).mean_iou
    assert means == {"modelzoo": pytest.approx((60 / 90 + 1 + 0) / 3), "camvid32": 1.0}


def test_every_protocol_says_its_rules():
    for name in protocols.PROTOCOLS:
        rules = protocols.resolve(name, NAMES32).rules
        assert "mean IoU" in rules and "  " not in rules and rules.endswith(".")
        assert protocols.PROTOCOLS[name].__doc__
    assert "Building + Wall" in protocols.resolve("camvid11", NAMES32).rules
    assert "Building + Wall" not in protocols.resolve("camvid11", SEGNET).rules


@given(
    st.sampled_from(sorted(protocols.PROTOCOLS)),
    arrays.arrays(np.uint8, (4, 5), elements=st.one_of(st.integers(0, 31), st.just(255))),
    arrays.arrays(np.uint8, (4, 5), elements=st.integers(0, 31)),
)
def test_regrouping_a_count_equals_counting_mapped_ids(name, truth, prediction):
    protocol = protocols.resolve(name, NAMES32)
    true, seen = protocol.truth_ids(truth), protocol.prediction_ids(prediction)
    size = len(protocol.classes)
    slow = np.zeros((size, size + 1), np.int64)
    for t, p in zip(true.ravel(), seen.ravel()):
        if t != 255:
            slow[t, p] += 1
    counts = protocol.regroup(confusion.confusion(truth, prediction, 32))
    np.testing.assert_array_equal(counts, slow)
    scored = [t for t in truth.ravel().tolist() if t != 255 and NAMES32[t] not in protocol.ignored]
    assert counts.sum() == len(scored)


def test_regrouping_frames_and_then_adding_is_adding_and_then_regrouping():
    protocol = protocols.resolve("camvid11", NAMES32)
    frames = np.random.RandomState(0).randint(0, 99, (5, 32, 32))
    np.testing.assert_array_equal(protocol.regroup(frames).sum(axis=0), protocol.regroup(frames.sum(axis=0)))
    with pytest.raises(ValueError, match="palette has 32"):
        protocol.regroup(frames[:, :12, :12])


def test_the_two_maps_cover_the_32_and_differ_for_ten_classes():
    segnet, matlab = (groups.read_groups(column) for column in ("segnet11", "matlab11"))
    assert tuple(segnet) == tuple(matlab) == NAMES32
    assert set(segnet.values()) == set(matlab.values()) == set(SEGNET)
    assert sum(segnet[name] != matlab[name] for name in NAMES32) == 10
    assert [name for name in NAMES32 if matlab[name] == "Void"] == ["Void"]


@pytest.mark.parametrize("column", ["name", "cityscapes"])
def test_an_unknown_map_names_the_existing_ones(column):
    with pytest.raises(ValueError, match="%s.*segnet11, matlab11" % column):
        groups.read_groups(column)
