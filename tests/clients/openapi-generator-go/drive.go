// go run . ADDRESS FOLDER: calls through openapi-generator's Go client.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"example.org/drive/latentatlas"
)

type answers struct {
	Models        []string           `json:"models"`
	Encode        [][]float32        `json:"encode"`
	EncodePicture [][]float32        `json:"encode_picture"`
	EncodePixels  [][]float32        `json:"encode_pixels"`
	DecodePixels  [][][]float32      `json:"decode_pixels"`
	Reconstruct   [][][]float32      `json:"reconstruct"`
	Reference     [][]float32        `json:"reference"`
	Plane         []float32          `json:"plane"`
	Training      map[string]any     `json:"training"`
	Measures      map[string]float32 `json:"measures"`
	Alive         string             `json:"alive"`
	Ready         map[string]int32   `json:"ready"`
	Metrics       string             `json:"metrics"`
	Errors        map[string]string  `json:"errors"`
}

func main() {
	address, folder := os.Args[1], os.Args[2]
	configuration := latentatlas.NewConfiguration()
	configuration.Servers = latentatlas.ServerConfigurations{{URL: address}}
	client := latentatlas.NewAPIClient(configuration)
	space, plane := client.LatentSpaceAPI, client.LatentMapAPI
	catalogue, health := client.ModelsAPI, client.HealthAPI
	ctx := context.Background()
	open := func(name string) *os.File { return must(os.Open(filepath.Join(folder, name))) }
	all := answers{Measures: map[string]float32{}, Errors: map[string]string{}}

	models, _, err := catalogue.ListModels(ctx).Execute()
	check(err)
	for _, model := range models.Models {
		all.Models = append(all.Models, model.Name)
	}
	fmt.Println("list_models", all.Models)

	files := []*os.File{open("0.png"), open("1.png")}
	encoded, _, err := space.Encode(ctx).Images(files).Model("vae").Execute()
	check(err)
	all.Encode = means(encoded)
	fmt.Println("encode", all.Encode)

	fromPicture, _, err := space.EncodePicture(ctx).Body(open("0.png")).Model("ae").Execute()
	check(err)
	all.EncodePicture = means(fromPicture)
	fmt.Println("encode_picture", all.EncodePicture)

	var images [][][]float32
	check(json.Unmarshal(must(os.ReadFile(filepath.Join(folder, "pixels.json"))), &images))
	numbers := latentatlas.NewEncodePixelsInput(images)
	numbers.SetModel("vae")
	fromPixels, _, err := space.EncodePixels(ctx).EncodePixelsInput(*numbers).Execute()
	check(err)
	all.EncodePixels = means(fromPixels)
	fmt.Println("encode_pixels", all.EncodePixels)

	points := [][]float32{{0, 0}, {-1.5, 0.5}}
	chosen := latentatlas.NewDecodeInput(points)
	chosen.SetModel("vae")
	chosen.SetColumns(2)
	mosaic, _, err := space.Decode(ctx).DecodeInput(*chosen).Execute()
	check(err)
	fmt.Println("decode", keep(mosaic, folder, "decode.png"), "bytes")

	exact := latentatlas.NewDecodePixelsInput(points)
	exact.SetModel("vae")
	decoded, _, err := space.DecodePixels(ctx).DecodePixelsInput(*exact).Execute()
	check(err)
	all.DecodePixels = decoded.Images
	fmt.Println("decode_pixels", len(decoded.Images), "images")

	again, _, err := space.Reconstruct(ctx).Images([]*os.File{open("0.png"), open("1.png")}).Model("vae").Execute()
	check(err)
	for _, image := range again.Reconstructions {
		all.Reconstruct = append(all.Reconstruct, image.Reconstruction)
		fmt.Println("reconstruct", image.Error.MeanSquaredError, image.Error.BinaryCrossEntropy)
	}

	path := latentatlas.NewAnimateInput(points)
	path.SetModel("vae")
	path.SetMethod("spherical")
	path.SetBounce(true)
	animation, _, err := space.Animate(ctx).AnimateInput(*path).Execute()
	check(err)
	fmt.Println("path", keep(animation, folder, "path.png"), "bytes")

	tile, _, err := plane.Tile(ctx, "ae", 10, 511, 512).Execute()
	check(err)
	fmt.Println("tile", keep(tile, folder, "tile.png"), "bytes")

	picture, _, err := space.Grid(ctx).Model("ae").Rows(3).Columns(5).Execute()
	check(err)
	fmt.Println("grid", keep(picture, folder, "grid.png"), "bytes")

	line := latentatlas.NewInterpolateInput(points)
	line.SetModel("vae")
	line.SetSteps(3)
	strip, _, err := space.Interpolate(ctx).InterpolateInput(*line).Execute()
	check(err)
	fmt.Println("strip", keep(strip, folder, "strip.png"), "bytes")

	thumbnails, _, err := plane.ReferencePicture(ctx, "vae").Execute()
	check(err)
	fmt.Println("reference_picture", keep(thumbnails, folder, "reference.png"), "bytes")
	reference, _, err := plane.Reference(ctx, "vae").Execute()
	check(err)
	all.Reference = reference.Coordinates
	fmt.Println("reference", len(reference.Coordinates), "points")

	description, _, err := plane.Tiles(ctx, "vae").Execute()
	check(err)
	all.Plane = description.Latent.Maximum
	fmt.Println("tiles", description.Tiles)

	model, _, err := catalogue.GetModel(ctx, "vae").Execute()
	check(err)
	all.Training = model.TrainingConfig
	fmt.Println("get_model", model.TrainingConfig)
	statistics, _, err := catalogue.GetStatistics(ctx, "vae").Execute()
	check(err)
	for _, measure := range statistics.Measures {
		all.Measures[measure.Name] = measure.Value
		fmt.Println("get_statistics", measure.Sentence)
	}

	alive, _, err := health.Livez(ctx).Execute()
	check(err)
	ready, _, err := health.Readyz(ctx).Execute()
	check(err)
	all.Alive, all.Ready = alive.GetStatus(), ready.Models
	fmt.Println("health", alive.GetStatus(), ready.GetStatus())
	figures, _, err := health.Metrics(ctx).Execute()
	check(err)
	all.Metrics = strings.Split(figures, "\n")[0]
	fmt.Println("metrics", len(figures), "characters")

	_, _, unknown := catalogue.GetModel(ctx, "nope").Execute()
	_, _, broken := catalogue.GetModel(ctx, "broken").Execute()
	_, _, huge := space.Encode(ctx).Images([]*os.File{open("huge.png")}).Execute()
	_, _, text := space.Encode(ctx).Images([]*os.File{open("text.png")}).Execute()
	_, _, large := space.Grid(ctx).Rows(200).Columns(200).Execute()
	for _, err := range []error{unknown, broken, huge, text, large} {
		var failure *latentatlas.GenericOpenAPIError
		if !errors.As(err, &failure) {
			log.Fatal("an error was expected, found ", err)
		}
		problem := failure.Model().(latentatlas.Problem)
		fmt.Println("error", problem.Status, problem.Detail)
		all.Errors[fmt.Sprint(problem.Status)] = problem.Detail
	}
	check(os.WriteFile(filepath.Join(folder, "answers.json"), must(json.Marshal(all)), 0o600))
}

func means(output *latentatlas.EncodeOutput) [][]float32 {
	var found [][]float32
	for _, image := range output.Latents {
		found = append(found, image.Mean)
	}
	return found
}

// keep copies a picture from the client's temporary file and returns its size.
func keep(picture *os.File, folder, name string) int {
	content := must(os.ReadFile(picture.Name()))
	check(os.WriteFile(filepath.Join(folder, name), content, 0o600))
	return len(content)
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
