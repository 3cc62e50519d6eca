"""Simple methods that a pretrained encoder has to beat, on the same windows.

    classify = fit_dtw(train.windows, y, classes, seed=0)
    classify(test.windows).argmax(dim=1)               # (N,) classes

Most name the action of a window, ``tcn`` that of every frame. Windows are ``labelled``'s, or ``windows.cut.Windows``:
(N, T, M, V, 3) metres, centred, facing the sensor, zeros for empty slots. Every method is a function of the windows,
their classes and the seed: it neither reads nor changes the random numbers of the process, and works where its windows
are, on the CPU or a GPU.
"""
